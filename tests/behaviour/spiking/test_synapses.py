"""Synapses: what may stand in which place, their weights, and when they changed."""

import numpy as np
import pytest
import torch

import hxtorch.snn as hxsnn
import hxtorch.spiking.functional as F

CONNECTIONS = torch.tensor([[1.0, 0, 1], [0, 1, 0]])  # (in, out)


def make(kind, experiment, *rest):
    return (
        hxsnn.Synapse(2, 3, experiment, *rest)
        if kind == "dense"
        else hxsnn.SparseSynapse(CONNECTIONS, experiment, *rest)
    )


KINDS = pytest.mark.parametrize("kind", ["dense", "sparse"])


@KINDS
@pytest.mark.parametrize(
    "name",
    [
        "add_to_network_graph",
        "register_hw_entity",
        "reset_changed_since_last_run",
        "changed_since_last_run",
        "output_type",
        "extra_args",
        "extra_kwargs",
        "extra_repr",
        "in_features",
        "out_features",
        "training",
        "weight",
        "reset_parameters",
    ],
)
def test_a_synapse_has_the_attribute(experiment, kind, name):
    assert hasattr(make(kind, experiment), name)


@KINDS
@pytest.mark.parametrize("fourth", ["function", "execution instance"])
def test_after_the_experiment_stands_a_function_or_an_execution_instance(experiment, kind, fourth):
    function = F.linear if kind == "dense" else F.linear_sparse
    synapse = make(kind, experiment, function if fourth == "function" else hxsnn.ExecutionInstance())
    handle = synapse(hxsnn.NeuronHandle(torch.ones(4, 1, 2)))
    hxsnn.run(experiment, None)
    assert handle.graded_spikes.shape == (4, 1, 3)


@KINDS
def test_a_synapse_changes_with_its_weight(experiment, kind):
    synapse = make(kind, experiment)
    synapse.reset_changed_since_last_run()
    assert not synapse.changed_since_last_run
    synapse.weight.data.fill_(1.0)
    assert synapse.changed_since_last_run
    synapse(hxsnn.NeuronHandle(torch.ones(4, 1, 2)))
    hxsnn.run(experiment, None)
    assert not synapse.changed_since_last_run


def test_weights_are_drawn_with_a_mean_and_a_deviation(experiment):
    synapse = hxsnn.Synapse(60, 60, experiment)
    synapse.reset_parameters(0.3, 0.1)
    assert float(synapse.weight.mean().detach()) == pytest.approx(0.3, abs=0.01)
    assert float(synapse.weight.std().detach()) == pytest.approx(0.1, abs=0.01)
    synapse.reset_parameters()
    assert float(synapse.weight.abs().max().detach()) <= 60**-0.5


def test_a_layer_is_an_excitatory_and_an_inhibitory_projection(experiment):
    from hxtorch.core import ExternalPopulation, NetworkBuilder, Population

    builder = NetworkBuilder()
    pre, post = builder.add(ExternalPopulation(2)), builder.add(Population(np.arange(3)))
    assert len(hxsnn.Synapse(2, 3, experiment).add_to_network_graph(pre, post, builder)) == 2


@pytest.mark.parametrize("connections", [CONNECTIONS, CONNECTIONS.to_sparse()], ids=["dense", "sparse"])
def test_a_sparse_synapse_has_a_dense_weight_that_is_zero_elsewhere(experiment, connections):
    synapse = hxsnn.SparseSynapse(connections, experiment)
    assert synapse.weight.shape == (3, 2)
    assert (synapse.in_features, synapse.out_features) == (2, 3)
    assert (synapse.weight.detach()[CONNECTIONS.T == 0] == 0).all()
    assert "3" in synapse.extra_repr()


def test_only_connections_are_trained(experiment):
    synapse = hxsnn.SparseSynapse(CONNECTIONS, experiment)
    handle = synapse(hxsnn.NeuronHandle(torch.ones(4, 1, 2)))
    hxsnn.run(experiment, None)
    handle.graded_spikes.sum().backward()
    gradient = synapse.weight.grad.to_dense()
    assert torch.equal(gradient, 4 * CONNECTIONS.T)
