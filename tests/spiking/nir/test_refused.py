import nir
import numpy as np
import pytest
import torch

from hxtorch import snn as hxsnn
from hxtorch.spiking.errors import NIRConversionError, ParameterError, ParameterWarning

ONE = np.ones(8, np.float32)


def replaced(node, **values):
    def change(graph):
        for key, value in values.items():
            setattr(graph.nodes[node], key, value)
        return graph

    return change


def with_node(name, node):
    def change(graph):
        graph.nodes[name] = node
        return graph

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (with_node("first", nir.Conv1d(5, np.ones((8, 5, 1)), 1, 0, 1, 1, ONE)), "node 'first': got Conv1d"),
        (replaced("second", bias=np.ones(2)), "node 'second', bias: got 2 values, wanted 3"),
        (replaced("hidden", tau_mem=ONE * 1e-2), r"node 'hidden', tau_mem.*acceleration=1000"),
        (replaced("hidden", tau_syn=ONE * 0), "node 'hidden', tau_syn: got 0 s"),
        (replaced("hidden", tau_syn=ONE * 4e-7), r"node 'hidden', tau_syn: got 4e-07 s.*ConversionConfig\(dt=4e-08\)"),
        (replaced("hidden", v_threshold=ONE * np.nan), "node 'hidden', v_threshold: holds NaN"),
        (replaced("hidden", v_threshold="high"), "node 'hidden', v_threshold: got 'high', wanted numbers"),
        (replaced("hidden", r=np.array(["1"] * 8)), "node 'hidden', r: got text, wanted numbers"),
        (replaced("hidden", metadata={"hxtorch_refractory_time": "long"}), "node 'hidden', metadata.*'long'"),
        (replaced("first", weight=[["a"]]), "node 'first', weight: got .*, wanted numbers"),
        (replaced("input", input_type={"input": "five"}), "node 'input', input_type: got 'five'"),
        (replaced("input", input_type={"input": np.array([0])}), "node 'input', input_type.*at least 1"),
        (replaced("hidden", v_reset=ONE * 2), "node 'hidden', v_threshold.*v_reset"),
        (replaced("hidden", r=np.ones(7)), "node 'hidden', r: got 7 values"),
        (replaced("first", weight=np.ones((8, 6))), r"node 'first', weight: got \(8, 6\)"),
        (lambda graph: graph.nodes["hidden"], "got CubaLIF, wanted a nir.NIRGraph"),
        (lambda graph: setattr(graph, "edges", [("input", 3)]) or graph, "edges.*pairs of names"),
        (lambda graph: setattr(graph, "edges", 5) or graph, "edges.*pairs of names"),
        (lambda graph: setattr(graph, "edges", [("input", "nowhere")]) or graph, "node 'nowhere': is not there"),
        (lambda graph: setattr(graph, "nodes", "none") or graph, "nodes: got str"),
    ],
)  # fmt: skip
def test_what_can_not_be_converted_names_node_and_key(graphs, change, message):
    graph = change(graphs.feed_forward())
    with pytest.raises(NIRConversionError, match=message):
        hxsnn.from_nir(graph, hxsnn.ConversionConfig(acceleration=1, mock=False))


def test_times_that_the_chip_does_not_have_warn_in_mock_mode_and_name_what_was_not_done_yet(graphs):
    """Mock mode goes on; the advice is none that was followed already."""
    slow = replaced("hidden", tau_mem=ONE * 1e-2)(graphs.feed_forward())
    with pytest.warns(ParameterWarning, match=r"node 'hidden', tau_mem: got 0\.01 s.*acceleration=1000"):
        hxsnn.from_nir(slow, hxsnn.ConversionConfig(acceleration=1))
    with pytest.raises(NIRConversionError, match=r"node 'hidden', tau_syn: got .*e-09 s.*acceleration=1\)"):
        hxsnn.from_nir(graphs.feed_forward(), hxsnn.ConversionConfig(acceleration=1000))


def test_config_is_checked(graphs):
    with pytest.raises(ParameterError, match="acceleration"):
        hxsnn.ConversionConfig(acceleration=0)
    with pytest.raises(ParameterError, match="threshold_lsb"):
        hxsnn.ConversionConfig(threshold_lsb=80)
    with pytest.raises(ParameterError, match="wanted a ConversionConfig"):
        hxsnn.from_nir(graphs.feed_forward(), config={"dt": 1e-6})
    with pytest.raises(AttributeError, match="did you mean weight_scale"):
        hxsnn.ConversionConfig().weightscale = 1.0
    config = hxsnn.ConversionConfig()
    config.dt = -1.0
    with pytest.raises(ParameterError, match="dt: got -1"):
        hxsnn.from_nir(graphs.feed_forward(), config)


def test_config_has_the_defaults_of_the_documents():
    """trace_scale 1/50, weight_scale 64, mock, input_loopback, graphs in biological time."""
    config = hxsnn.ConversionConfig()
    assert (config.dt, config.trace_scale, config.weight_scale, config.acceleration) == (1e-6, 1 / 50, 64, 1000)
    assert (config.trace_shift, config.data_acceleration) == (0, 1)
    assert (config.mock, config.input_loopback, config.cadc_recording) == (True, True, True)
    assert config.device == torch.device("cpu")


def test_library_is_optional_and_its_absence_says_what_to_install(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "nir", None)
    with pytest.raises(ImportError, match=r"pip install nir"):
        hxsnn.from_nir(None)
