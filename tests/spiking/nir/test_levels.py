from dataclasses import replace

import nir
import numpy as np
import pytest
import torch

from hxtorch import snn as hxsnn
from hxtorch.spiking.errors import ParameterWarning, SilentLayerWarning

CONFIG = hxsnn.ConversionConfig(acceleration=1)
CHIP = hxsnn.ConversionConfig(acceleration=1, mock=False, weight_scale=25, trace_scale=1 / 20)


def test_values_of_each_neuron_reach_model_and_chip(graphs):
    graph = graphs.feed_forward()
    neuron = hxsnn.from_nir(graph, hxsnn.ConversionConfig(acceleration=1, trace_scale=None)).populations["hidden"]
    node = graph.nodes["hidden"]
    np.testing.assert_allclose(neuron.params.tau_mem, node.tau_mem)
    np.testing.assert_allclose(neuron.params.threshold, node.v_threshold)
    assert neuron.threshold.hardware_value == 125
    np.testing.assert_allclose(neuron.readout.scale, node.v_threshold / 45, rtol=1e-6)
    for user_units, wanted in ((80 - 128, node.v_leak), (125 - 128, node.v_threshold)):
        value = (user_units - neuron.readout.offset) * neuron.readout.scale
        np.testing.assert_allclose(value, wanted, atol=1e-5)


def test_graph_on_the_chip_is_near_the_model(graphs, ideal_chip):
    graph = graphs.feed_forward(per_neuron=False)
    graph.nodes["first"].weight = np.full((8, 5), 0.1, np.float32)
    spikes = graphs.spike_input(batch=2)
    traces = []
    for mock in (True, False):
        network = hxsnn.from_nir(graph, replace(CHIP, mock=mock))
        handles, _ = graphs.run_chip(network, spikes)
        traces.append(handles["hidden"].membrane_cadc.detach())
    assert traces[0].abs().max() > 0.3
    assert (traces[0] - traces[1]).abs().max() < 0.12


def one_layer(**values):
    """5 -> 4 neurons in biological time."""
    one = np.ones(4, np.float32)
    known = {"tau_mem": 1e-2, "tau_syn": 5e-3, "r": 1, "v_leak": 0, "v_threshold": 1, "v_reset": 0, "w_in": 5} | values
    nodes = {
        "input": nir.Input(np.array([5])),
        "fc": nir.Linear(np.ones((4, 5), np.float32)),
        "lif": nir.CubaLIF(**{key: value * one for key, value in known.items()}),
        "output": nir.Output(np.array([4])),
    }
    return nir.NIRGraph(nodes, [("input", "fc"), ("fc", "lif"), ("lif", "output")])


def test_scales_of_the_configuration_count(ideal_chip):
    """One model unit is 50 LSB of a trace and 64 LSB of a weight."""
    network = hxsnn.from_nir(one_layer())
    neuron = network.populations["lif"]
    assert neuron.trace_scale == pytest.approx(1 / 50)
    assert neuron.trace_offset == pytest.approx(80 - 128)
    assert neuron.threshold.hardware_value == pytest.approx(80 + 50)
    np.testing.assert_allclose(network.synapses["fc"].weight.detach(), 1.0, rtol=1e-6)
    small = one_layer()
    small.nodes["fc"].weight *= 0.25
    assert (hxsnn.from_nir(small).synapses["fc"].hardware_weights() == 16).all()
    shifted = hxsnn.from_nir(one_layer(), hxsnn.ConversionConfig(trace_shift=3.0)).populations["lif"]
    assert shifted.trace_offset == pytest.approx(80 - 128 + 3)


@pytest.mark.parametrize(
    "values",
    [
        {"v_leak": 0.5, "v_threshold": 0.3},
        {"v_leak": 0.5, "v_threshold": 0.3, "v_reset": 0.1},
        {"v_threshold": 7.0},
        {"v_reset": -9.0},
        {"v_reset": -9.0, "v_threshold": 40.0},
        {"v_threshold": 1e-3},
        {"v_leak": 3.0, "v_threshold": 0.3},
    ],
)
@pytest.mark.parametrize("trace_scale", [1 / 50, None])
def test_potentials_keep_their_order_and_are_where_the_chip_reaches_them(values, trace_scale):
    """Leak above threshold is legal; no potential of a graph is out of reach, whatever the units."""
    graph = one_layer(**values)
    network = hxsnn.from_nir(graph, hxsnn.ConversionConfig(trace_scale=trace_scale))
    neuron, node = network.populations["lif"], graph.nodes["lif"]
    lsb = {
        "v_leak": neuron.leak.hardware_value,
        "v_reset": neuron.reset.hardware_value,
        "v_threshold": neuron.threshold.hardware_value,
    }
    assert 50 <= lsb["v_leak"] <= 160
    assert 50 <= lsb["v_reset"] <= 160
    assert 50 <= lsb["v_threshold"] <= 220
    for key, value in lsb.items():
        traced = (value - 128 - neuron.trace_offset) * neuron.trace_scale
        assert traced == pytest.approx(getattr(node, key)[0], abs=1e-4)


def test_what_needs_a_scale_of_its_own_is_said_for_a_chip_only():
    with pytest.warns(ParameterWarning, match=r"node 'lif', .*the threshold would be at 430 LSB.*trace_scale=None"):
        hxsnn.from_nir(one_layer(v_threshold=7.0), hxsnn.ConversionConfig(mock=False))
    hxsnn.from_nir(one_layer(v_threshold=7.0), hxsnn.ConversionConfig(mock=False, trace_scale=None))
    hxsnn.from_nir(one_layer(v_threshold=7.0))


def test_weights_that_the_chip_does_not_have_are_said_with_the_fields_to_write(ideal_chip):
    """Once per node, at once, and not again by the layer."""
    strong, weak = one_layer(v_threshold=0.5), one_layer()
    strong.nodes["fc"].weight *= 3
    weak.nodes["fc"].weight *= 1e-3
    with pytest.warns(ParameterWarning, match=r"node 'fc', weight: 20 of 20 .*weight_scale=21, trace_scale=0\.061"):
        network = hxsnn.from_nir(strong, hxsnn.ConversionConfig(mock=False))
    network({"input": torch.zeros(10, 1, 5)})
    hxsnn.from_nir(strong, hxsnn.ConversionConfig(mock=False, weight_scale=21, trace_scale=0.061))
    with pytest.warns(SilentLayerWarning, match=r"node 'fc', weight: all round to 0 LSB.*weight_scale=6\.3e\+04\)"):
        hxsnn.from_nir(weak, hxsnn.ConversionConfig(mock=False))


def test_leak_above_the_threshold_fires_by_itself(ideal_chip):
    for mock in (True, False):
        config = hxsnn.ConversionConfig(mock=mock)
        network = hxsnn.from_nir(one_layer(v_leak=0.8, v_threshold=0.3), config)
        spikes = network({"input": torch.zeros(60, 1, 5)})["lif"]
        assert (spikes.sum(0) > 2).all()


def test_a_graph_that_was_written_for_another_step_is_said():
    """w_in = tau_syn / dt gives the step away."""
    with pytest.warns(ParameterWarning, match=r"node 'lif', w_in is tau_syn / 0\.0001 s.*ConversionConfig\(dt=1e-07\)"):
        hxsnn.from_nir(one_layer(w_in=5e-3 / 1e-4))
    hxsnn.from_nir(one_layer(w_in=5e-3 / 1e-4), hxsnn.ConversionConfig(dt=1e-7))
    hxsnn.from_nir(one_layer(w_in=7.3))
    hxsnn.from_nir(one_layer(w_in=1))
    hxsnn.from_nir(one_layer(w_in=5e-3 / 1e-4), hxsnn.ConversionConfig(unit_jump=True))


def test_the_chip_s_weights_follow_the_time_constant():
    """The slope of a membrane is the weight's on the chip, and the weight by the time constant in the graph."""
    quick = one_layer(tau_mem=2e-2)
    quick.nodes["fc"].weight *= 0.5
    assert (hxsnn.from_nir(quick).synapses["fc"].hardware_weights() == 16).all()


@pytest.mark.parametrize(("tau_mem", "tau_syn"), [(1e-2, 1e-2), (2e-2, 1e-2), (1e-2, 5e-3), (1e-2, 2e-2)])
def test_a_spike_moves_a_membrane_of_the_chip_as_far_as_the_model_s(ideal_chip, tau_mem, tau_syn):
    """By the defaults of the configuration, whatever the time constants: within a tenth, and a step of the ADC."""
    one = np.ones(4, np.float32)
    nodes = {
        "input": nir.Input(np.array([1])),
        "fc": nir.Linear(np.full((4, 1), 0.9, np.float32)),
        "cell": nir.CubaLI(tau_syn * one, tau_mem * one, one, 0 * one, w_in=tau_syn / 1e-3 * one),
        "output": nir.Output(np.array([4])),
    }
    graph = nir.NIRGraph(nodes, [("input", "fc"), ("fc", "cell"), ("cell", "output")])
    spikes = torch.zeros(60, 1, 1)
    spikes[5] = 1
    heights = []
    for mock in (True, False):
        network = hxsnn.from_nir(graph, hxsnn.ConversionConfig(mock=mock))
        with torch.no_grad():
            network({"input": spikes})
        trace = network.output["cell"].membrane_cadc[:, 0]
        heights.append((trace - trace[:4].mean(0)).amax(0))
    torch.testing.assert_close(heights[1], heights[0], rtol=0.1, atol=0.02)
    assert heights[0].min() > 0.2
