"""What networks from graphs do when they are called."""

import copy
from dataclasses import replace

import pytest
import torch

from hxtorch import snn as hxsnn
from hxtorch.spiking.errors import ExperimentError, TensorTypeError

CONFIG = hxsnn.ConversionConfig(acceleration=1)
CHIP = hxsnn.ConversionConfig(acceleration=1, mock=False, weight_scale=25, trace_scale=1 / 20)


def test_networks_take_tensors_by_name_and_run_themselves(graphs):
    """The names exp, hxnodes, output; of nodes, those with spikes come out."""
    network = hxsnn.from_nir(graphs.feed_forward(), CONFIG)
    spikes = graphs.spike_input()
    found = network({"input": spikes})
    assert set(found) == {"hidden"}
    assert found["hidden"].shape == (graphs.STEPS, 4, 8)
    assert set(network.hxnodes) == {"input", "first", "hidden", "second", "readout"}
    assert set(network.output) == {"input", "hidden", "readout", "output"}
    assert network.output["output"] is network.output["readout"]
    assert network.exp.mock
    assert not len(network.exp.modules)
    found["hidden"].sum().backward()
    assert network.synapses["first"].weight.grad.abs().sum() > 0
    assert torch.equal(network(spikes)["hidden"], found["hidden"])


def test_tensors_and_handles_give_the_same(graphs):
    network = hxsnn.from_nir(graphs.feed_forward(), CONFIG)
    spikes = graphs.spike_input()
    with torch.no_grad():
        _, y = graphs.run(network, spikes)
        network({"input": spikes})
    assert torch.equal(network.output["output"].membrane_cadc, y.membrane_cadc)


def test_networks_run_themselves_on_the_chip(graphs, ideal_chip):
    """Outputs keep the input's length; the loopback records which inputs arrived."""
    network = hxsnn.from_nir(graphs.feed_forward(per_neuron=False), CHIP)
    spikes = graphs.spike_input(batch=2)
    with torch.no_grad():
        found = network({"input": spikes})
    assert found["hidden"].shape == (graphs.STEPS, 2, 8)
    assert found["hidden"].sum() > 0
    arrived = network.output["input"].spikes
    assert arrived.shape == spikes.shape
    assert abs(float(arrived.sum() - spikes.sum())) <= 0.05 * float(spikes.sum())


@pytest.mark.parametrize("mock", [True, False])
def test_networks_are_copied_after_a_run(graphs, ideal_chip, mock):
    """A copy has weights of its own and runs."""
    network = hxsnn.from_nir(graphs.feed_forward(per_neuron=False), replace(CHIP, mock=mock))
    spikes = graphs.spike_input(batch=1)
    network({"input": spikes})
    other = copy.deepcopy(network)
    assert other.experiment is not network.experiment
    assert other.populations["hidden"].experiment is other.experiment
    with torch.no_grad():
        other.synapses["first"].weight.zero_()
    assert other({"input": spikes})["hidden"].sum() == 0
    assert network({"input": spikes})["hidden"].sum() > 0
    assert other.nodes["first"] is other.synapses["first"]


def test_a_network_that_only_reads_out_gives_its_membranes(graphs):
    graph = graphs.feed_forward()
    graph.nodes["hidden"] = graph.nodes["readout"]
    graph.nodes["first"].weight = graph.nodes["first"].weight[:3]
    graph.nodes["output"] = graph.nodes["output"]
    del graph.nodes["second"], graph.nodes["readout"]
    graph.edges = [("input", "first"), ("first", "hidden"), ("hidden", "output")]
    found = hxsnn.from_nir(graph, CONFIG)({"input": graphs.spike_input()})
    assert found["hidden"].abs().max() > 0


def test_inputs_that_do_not_fit_are_named(graphs):
    network = hxsnn.from_nir(graphs.feed_forward(), CONFIG)
    spikes = graphs.spike_input()
    with pytest.raises(ExperimentError, match=r"inputs: got \['x'\], wanted \['input'\]"):
        network({"x": spikes})
    with pytest.raises(TensorTypeError, match="'input': list"):
        network({"input": [spikes]})
    assert set(network({"input": spikes, "hidden": spikes})) == {"hidden"}
