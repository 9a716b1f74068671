"""Biases: a shift of the leak where the chip reaches it, else a regular background source."""

import nir
import numpy as np
import pytest
import torch

from hxtorch import snn as hxsnn

BIAS = np.array([0.1, -0.05, 0.0, 0.02], np.float32)


def biased(bias, node="CubaLIF", threshold=1.5):
    """5 -> 4 neurons in biological time; one step is 1 ms, and a spike steps the current by the weight."""
    one = np.ones(4, np.float32)
    kinds = {
        "CubaLIF": lambda: nir.CubaLIF(5e-3 * one, 1e-2 * one, one, 0 * one, threshold * one, w_in=5 * one),
        "CubaLI": lambda: nir.CubaLI(5e-3 * one, 1e-2 * one, one, 0 * one, w_in=5 * one),
        "IF": lambda: nir.IF(50 * one, threshold * one),
    }
    nodes = {
        "input": nir.Input(np.array([5])),
        "fc": nir.Affine(np.ones((4, 5), np.float32), bias),
        "cell": kinds[node](),
        "output": nir.Output(np.array([4])),
    }
    return nir.NIRGraph(nodes, [("input", "fc"), ("fc", "cell"), ("cell", "output")])


def at_the_end(network, steps=400):
    with torch.no_grad():
        network({"input": torch.zeros(steps, 1, 5)})
    return network.output["cell"].membrane_cadc[:, 0]


@pytest.mark.parametrize("node", ["CubaLIF", "CubaLI"])
def test_a_bias_that_fits_shifts_the_leak(node):
    """The membrane rests at r w_in bias: where the lasting current would bring it."""
    network = hxsnn.from_nir(biased(BIAS, node))
    assert network.biases["cell"].kind == "shift of the leak"
    np.testing.assert_allclose(at_the_end(network, 5)[-1], 5 * BIAS, atol=1e-6)
    leak = network.populations["cell"].leak
    np.testing.assert_allclose(leak.hardware_value - 80, 50 * 5 * BIAS, atol=1e-4)


def test_a_bias_that_does_not_fit_is_a_background_source():
    bias = np.array([1.0, -0.5, 0, 0.2], np.float32)
    network = hxsnn.from_nir(biased(bias, "CubaLI"))
    source = network.biases["cell"]
    assert source.kind == "regular background source"
    assert abs(source.synapse.hardware_weights()).max() <= 63
    trace = at_the_end(network)
    np.testing.assert_allclose(trace[-40:].mean(0), 5 * bias, rtol=0.02, atol=1e-6)
    assert source.synapse.weight in set(network.parameters())


def test_neurons_without_leak_get_a_background_source():
    """Their membrane goes on: r bias dt in each step, as in the graph."""
    network = hxsnn.from_nir(biased(BIAS, "IF", 100.0), hxsnn.ConversionConfig(tau_syn=5e-6))
    assert network.biases["cell"].kind == "regular background source"
    trace = at_the_end(network)
    np.testing.assert_allclose((trace[390] - trace[190]) / 200, 50 * BIAS * 1e-3, rtol=0.02, atol=1e-6)


def test_strong_backgrounds_are_several_sources(ideal_chip):
    bias = np.array([3.0, 3.0, 3.0, 3.0], np.float32)
    for mock in (True, False):
        network = hxsnn.from_nir(biased(bias, "CubaLI"), hxsnn.ConversionConfig(mock=mock))
        assert network.biases["cell"].rhythm.sources == 4
        assert abs(network.biases["cell"].synapse.hardware_weights()).max() <= 63
    assert at_the_end(network, 100)[-1].min() > 0.8  # it saturates


@pytest.mark.parametrize(("strength", "kind"), [(0.1, "shift of the leak"), (1.0, "regular background source")])
def test_chip_and_model_agree_about_a_bias(ideal_chip, strength, kind):
    """Shifted leaks and background spikes on the chip end where those of the model do."""
    bias = strength * np.array([0.4, -0.2, 0.0, 0.3], np.float32)
    traces = []
    for mock in (True, False):
        network = hxsnn.from_nir(biased(bias, "CubaLI"), hxsnn.ConversionConfig(mock=mock))
        assert network.biases["cell"].kind == kind
        traces.append(at_the_end(network, 120)[-20:].mean(0))
    np.testing.assert_allclose(traces[1], traces[0], atol=0.05 + 0.12 * abs(traces[0]).max())
    assert traces[0][0] > 4 * strength * 0.4


@pytest.mark.parametrize("node", ["CubaLIF", "CubaLI", "IF"])
@pytest.mark.parametrize("strength", [1, 20])
def test_biases_come_back_to_a_graph(node, strength):
    config = hxsnn.ConversionConfig(tau_syn=5e-6)
    graph = hxsnn.to_nir(hxsnn.from_nir(biased(strength * BIAS, node), config))
    np.testing.assert_allclose(graph.nodes["fc"].bias, strength * BIAS, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(graph.nodes["fc"].weight, 1.0, rtol=1e-5)
    if node != "IF":
        np.testing.assert_allclose(graph.nodes["cell"].v_leak, 0.0, atol=1e-6)
    assert set(graph.nodes) == {"input", "fc", "cell", "output"}


def test_biases_pass_through_weights():
    """Of two layers of weights in a row, and of a scale."""
    graph = biased(BIAS / 5)
    graph.nodes["more"] = nir.Affine(2 * np.eye(4, dtype=np.float32), np.full(4, 0.01, np.float32))
    graph.nodes["scale"] = nir.Scale(np.array([1, 2, 3, 4], np.float32))
    graph.edges = [("input", "fc"), ("fc", "more"), ("more", "scale"), ("scale", "cell"), ("cell", "output")]
    network = hxsnn.from_nir(graph)
    np.testing.assert_allclose(at_the_end(network, 5)[-1], 5 * (2 * BIAS / 5 + 0.01) * [1, 2, 3, 4], atol=1e-5)


def test_which_way_a_bias_went_is_logged(caplog):
    with caplog.at_level("INFO", "hxtorch.spiking.nir"):
        hxsnn.from_nir(biased(BIAS))
    assert "node 'fc', bias: becomes a shift of the leak of 'cell'" in caplog.text
