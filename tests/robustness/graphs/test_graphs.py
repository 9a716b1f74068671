"""Whatever stands in a graph, it becomes a network or is refused by a typed error that says where, and soon."""

import random
import warnings
from itertools import pairwise

import nir
import numpy as np
import pytest
import torch

from hxtorch.core import HXTorchError
from hxtorch.spiking import from_nir
from hxtorch.spiking.errors import NIRConversionError

WRONG = [
    "text", b"bytes", None, np.nan, np.inf, -1.0, 0, 1e300, 2**70, 1 + 2j, True, [], {}, [[1.0], [1.0, 2.0]], object(),
    np.zeros(0), np.zeros(3), np.zeros((4, 4, 4)), np.full(4, "a"), np.full(4, None), np.array(5.0), np.ones((3, 5)),
    np.ma.masked_array(np.ones(4), [0, 1, 0, 0]), nir.Linear(np.ones((4, 4))), "x", ("x", "x"), {"input": None},
]  # fmt: skip


def neuron(kind=nir.CubaLIF):
    one = np.ones(4, np.float32)
    if kind is nir.CubaLIF:
        return nir.CubaLIF(5e-3 * one, 1e-2 * one, one, 0 * one, 0.3 * one, w_in=5 * one)
    return nir.LIF(1e-2 * one, one, 0 * one, one)


def linear():
    return nir.Linear(np.full((4, 4), 0.3, np.float32))


def graph_of(nodes, edges=None):
    return nir.NIRGraph(nodes, [*pairwise(nodes)] if edges is None else edges, type_check=False)


def wrapped(inner, *more):
    """Return a graph between whose ends others stand in a row."""
    ends = {"i": nir.Input(np.array([4]))}, {"o": nir.Output(np.array([4]))}
    return graph_of({**ends[0], "g": inner, **{f"h{i}": one for i, one in enumerate(more)}, **ends[1]})


def whole():
    scale, affine = nir.Scale(2 * np.ones(4)), nir.Affine(np.eye(4), np.ones(4))
    return wrapped(linear(), neuron(), affine, wrapped(neuron(nir.LIF)), scale, neuron())


def changed(graph, generator):
    """Put what does not belong there into some fields, nodes and edges."""
    for _ in range(generator.randint(1, 3)):
        inner = graph.nodes["h2"] if generator.random() < 0.2 and "h2" in graph.nodes else graph
        if not isinstance(getattr(inner, "nodes", None), dict) or not inner.nodes:
            return graph
        name = generator.choice(list(inner.nodes))
        other, wrong = generator.choice(list(inner.nodes)), generator.choice(WRONG)
        match generator.randrange(8):
            case 0:
                inner.nodes[name] = wrong
            case 1:
                del inner.nodes[name]
            case 2 if isinstance(inner.edges, list):
                inner.edges.append((name, other))
            case 3 if isinstance(inner.edges, list) and inner.edges:
                inner.edges[generator.randrange(len(inner.edges))] = wrong
            case 4:
                inner.edges = wrong
            case _:
                fields = vars(inner.nodes[name]) if hasattr(inner.nodes[name], "__dict__") else {}
                if fields:
                    fields[generator.choice(list(fields))] = wrong
    return graph


def test_a_damaged_graph_is_a_network_or_refused(pytestconfig):
    refused = 0
    tries = 100_000 if pytestconfig.getoption("--long") else 300
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seed in range(tries):
            graph = changed(whole(), random.Random(seed))  # noqa: S311
            try:
                from_nir(graph)
            except HXTorchError:
                refused += 1
            except Exception as error:
                raise AssertionError(f"seed {seed}: {type(error).__name__}: {error}") from error
    assert 0.5 * tries < refused < tries


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
