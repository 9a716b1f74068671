"""Whatever stands in a graph, it becomes a network or is refused by a typed error that says where, and soon."""

import nir
import numpy as np
import pytest
import torch
from damaged_graphs import attempt, graph_of, linear, neuron, wrapped

from bss2_emulator.ground.memory import Budget
from hxtorch.core import MemoryLimitError
from hxtorch.spiking import from_nir
from hxtorch.spiking.errors import NIRConversionError


def test_a_damaged_graph_is_a_network_or_refused():
    came = [attempt(number) for number in range(300)]
    assert 150 < came.count("refused") < 300


def layers(count):
    """Return a graph with 2 ** count ways from its input to its neuron."""
    nodes, edges, last = {"x": nir.Input(np.array([4]))}, [], ["x"]
    for i in range(count):
        here = [f"a{i}", f"b{i}"]
        nodes.update({name: nir.Scale(0.5 * np.ones(4)) for name in here})
        edges += [(pre, post) for pre in last for post in here]
        last = here
    nodes.update(n=neuron(), y=nir.Output(np.array([4])))
    return graph_of(nodes, [*edges, *((pre, "n") for pre in last), ("n", "y")])


def test_many_ways_cost_as_much_as_their_nodes():
    few, many = (from_nir(layers(count)).synapses for count in (1, 60))
    assert len(few) == len(many) == 2
    for one, other in zip(few.values(), many.values(), strict=True):  # twice the half in each layer
        assert torch.equal(one.weight, other.weight)


@pytest.mark.parametrize(
    ("nodes", "told"),
    [
        ([nir.Linear(1j * np.eye(4))], "'h0', weight: got complex ones, wanted numbers"),
        ([nir.Linear(np.ma.masked_array(np.eye(4), np.eye(4)))], "'h0', weight: got a masked array"),
        ([nir.Linear(1e200 * np.eye(4)), nir.Linear(1e200 * np.eye(4))], "multiply to infinity"),
        ([nir.Scale(np.array(1e200)), nir.Scale(np.array(1e200))], "multiply to infinity"),
        ([nir.Affine(np.eye(4), np.full(4, 1e300))], "'h0', bias: got .* LSB in a step, wanted at most"),
    ],
)
def test_numbers_that_weights_can_not_be_are_refused(nodes, told):
    with pytest.raises(NIRConversionError, match=told):
        from_nir(wrapped(linear(), *nodes, neuron()))


@pytest.mark.parametrize(
    "nodes",
    [
        [nir.Linear(np.broadcast_to(np.float32(1), (10**8, 4)))],
        [nir.Linear(np.broadcast_to(np.float32(1), (10**6, 4))), nir.Scale(np.broadcast_to(2.0, 10**6))],
        [nir.Scale(np.broadcast_to(2.0, 10**6))],
    ],
)
def test_matrices_that_do_not_fit_are_refused(nodes, monkeypatch):
    monkeypatch.setattr(Budget, "memory_limit", lambda _: 1 << 28)
    with pytest.raises(MemoryLimitError, match="node 'h"):
        from_nir(wrapped(linear(), *nodes, neuron()))


def test_long_ways_and_deep_graphs_are_read():
    nodes = {"x": nir.Input(np.array([4])), **{f"f{i}": linear() for i in range(2000)}, "n": neuron()}
    deep = neuron()
    for _ in range(200):
        deep = wrapped(deep)
    assert from_nir(graph_of({**nodes, "y": nir.Output(np.array([4]))})).populations.keys() == {"n"}
    assert len(from_nir(wrapped(linear(), deep)).populations) == 1


@pytest.mark.parametrize("kind", ["doubled", "in itself"])
def test_a_graph_without_end_is_refused(kind):
    graph = wrapped(neuron())
    for _ in range(40):
        graph = wrapped(graph, linear(), graph)
    if kind == "in itself":
        graph = wrapped(neuron())
        graph.nodes["g"] = graph
    with pytest.raises(NIRConversionError, match="in itself"):
        from_nir(graph)
