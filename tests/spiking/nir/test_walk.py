"""Names, shapes and ways of graphs, as files have them."""

from itertools import pairwise

import nir
import numpy as np
import pytest
import torch

from hxtorch import snn as hxsnn
from hxtorch.spiking.errors import NIRConversionError


def neurons(size=4):
    one = np.ones(size, np.float32)
    return nir.CubaLIF(5e-3 * one, 1e-2 * one, one, 0 * one, 0.3 * one, w_in=5 * one)


def linear(post, pre, seed=0):
    return nir.Linear(np.random.default_rng(seed).normal(0.3, 0.5, (post, pre)).astype(np.float32))


def chain(*parts, edges=()):
    nodes = dict(parts)
    names = [*nodes]
    return nir.NIRGraph(nodes, [*pairwise(names), *edges], type_check=False)


INPUT = ("x", nir.Input(np.array([5])))
OUTPUT = ("y", nir.Output(np.array([4])))
SPIKES = (torch.rand(30, 2, 5, generator=torch.Generator().manual_seed(0)) < 0.3).float()

AWKWARD = [
    "inputs", "type", "float", "forward", "handles", "nodes", "experiment", "exp", "output", "training", "parameters",
    "_modules", "__class__", "__dict__", "call_super_init", "populations", "synapses", "dump_patches", "T_destination",
    "in", "out", "a.b", "a b", "%2E", "@", "1", "\u03bd", "class", "lambda", "x.in.", "",
]  # fmt: skip


@pytest.mark.parametrize("name", AWKWARD)
def test_any_text_names_a_node(name):
    """Names from files live in a table of their own."""
    graph = chain(INPUT, ("fc", linear(4, 5)), (name, neurons()), ("fc2", linear(4, 4)), ("last", neurons()), OUTPUT)
    network = hxsnn.from_nir(graph)
    assert set(network.populations) == {name, "last"}
    assert network.hxnodes[name] is network.populations[name]
    assert len([*network.parameters()]) == 2
    assert set(network({"x": SPIKES})) == {name, "last"}
    other = hxsnn.from_nir(graph)
    torch.nn.init.zeros_(other.synapses["fc"].weight)
    other.load_state_dict(network.state_dict())
    assert torch.equal(other.synapses["fc"].weight, network.synapses["fc"].weight)
    assert set(hxsnn.to_nir(network).nodes) == set(graph.nodes)


@pytest.mark.parametrize("name", AWKWARD)
def test_any_text_names_a_weight_and_comes_back(name):
    network = hxsnn.from_nir(chain(INPUT, (name, linear(4, 5)), ("n", neurons()), OUTPUT))
    assert set(network.synapses) == {name}
    assert name in hxsnn.to_nir(network).nodes


@pytest.mark.parametrize("pair", [("fc.1", "fc_1"), ("fc.1", "fc%2E1"), ("a.b.c", "a_b.c"), ("A", "a")])
def test_names_that_are_nearly_the_same_are_two(pair):
    one, other = pair
    graph = chain(INPUT, (one, linear(4, 5)), ("m", neurons()), (other, linear(4, 4)), ("n", neurons()), OUTPUT)
    network = hxsnn.from_nir(graph)
    assert len({id(parameter) for parameter in network.parameters()}) == 2
    assert network.synapses[one].weight.shape == (4, 5)
    assert network.synapses[other].weight.shape == (4, 4)
    assert len(network.state_dict()) == len(hxsnn.from_nir(graph).state_dict())


def test_a_node_with_a_dot_is_not_the_one_in_an_inner_graph():
    inner = chain(("in", nir.Input(np.array([4]))), ("n", neurons()), ("out", nir.Output(np.array([4]))))
    graph = chain(INPUT, ("fc", linear(4, 5)), ("g", inner), ("fc2", linear(4, 4)), ("g.n", neurons()), OUTPUT)
    network = hxsnn.from_nir(graph)
    assert len(network.populations) == 2
    assert network.outputs == {"y": "g.n"}


@pytest.mark.parametrize(
    ("shape", "layers"),
    [
        ((1, 28, 28), [("f", {"start_dim": 0, "end_dim": -1})]),
        ((2, 3), [("f", {"start_dim": 0, "end_dim": -1}), ("g", {"start_dim": 0, "end_dim": -1})]),
        ((7,), []),
        ((1,), []),
    ],
)
def test_inputs_have_the_product_of_their_axes(shape, layers):
    size = int(np.prod(shape))
    flats = [(name, nir.Flatten(input_type={"input": np.array(shape)}, **values)) for name, values in layers]
    network = hxsnn.from_nir(
        chain(("x", nir.Input(np.array(shape))), *flats, ("fc", linear(4, size)), ("n", neurons()), OUTPUT)
    )
    assert network.inputs == {"x": size}
    assert network({"x": torch.ones(10, 1, size)})["n"].shape == (10, 1, 4)
    assert network({"x": torch.ones(10, 1, *shape)})["n"].shape == (10, 1, 4)


def test_a_batch_that_became_an_axis_is_none_of_the_channels():
    """Exporters that are called with a sample of a batch write its size into the input."""
    network = hxsnn.from_nir(chain(("x", nir.Input(np.array([3, 5]))), ("fc", linear(4, 5)), ("n", neurons()), OUTPUT))
    assert network.inputs == {"x": 5}


def test_an_input_of_another_size_than_the_weight_is_named():
    with pytest.raises(
        NIRConversionError, match=r"node 'fc', weight: got \(4, 784\), wanted \(4, 783\) from 'x' to 'n'"
    ):
        hxsnn.from_nir(chain(("x", nir.Input(np.array([783]))), ("fc", linear(4, 784)), ("n", neurons()), OUTPUT))


def test_ways_between_a_source_and_a_neuron_add_up():
    """NIR adds up what reaches a node."""
    a, b, c = (linear(*shape, seed) for seed, shape in enumerate([(3, 5), (3, 5), (4, 3)]))
    graph = nir.NIRGraph(
        {
            "x": INPUT[1],
            "a": a,
            "b": b,
            "c": c,
            "s": nir.Scale(np.array([2.0, 1, 1, 1], np.float32)),
            "n": neurons(),
            "y": OUTPUT[1],
        },
        [("x", "a"), ("x", "b"), ("a", "c"), ("b", "c"), ("c", "s"), ("s", "n"), ("c", "n"), ("n", "y")],
        type_check=False,
    )
    network = hxsnn.from_nir(graph)
    product = c.weight @ (a.weight + b.weight)
    np.testing.assert_allclose(network.synapses["c"].weight.detach(), product, rtol=1e-5, atol=1e-6)
    twice = product * np.array([[2], [1], [1], [1]])
    np.testing.assert_allclose(network.synapses["s"].weight.detach(), twice, rtol=1e-5, atol=1e-6)


def test_many_ways_are_not_expensive():
    """Forty diamonds one after the other are a million million ways."""
    nodes, edges, last = {"x": nir.Input(np.array([2]))}, [], "x"
    for number in range(40):
        left, right, joined = f"l{number}", f"r{number}", f"j{number}"
        nodes |= {left: nir.Linear(np.eye(2) / 2), right: nir.Linear(np.eye(2) / 2), joined: nir.Scale(np.ones(2))}
        edges += [(last, left), (last, right), (left, joined), (right, joined)]
        last = joined
    nodes |= {"n": neurons(2), "y": nir.Output(np.array([2]))}
    graph = nir.NIRGraph(nodes, [*edges, (last, "n"), ("n", "y")], type_check=False)
    network = hxsnn.from_nir(graph)
    (synapse,) = network.synapses.values()
    weight = hxsnn.to_nir(network).nodes[last].weight
    np.testing.assert_allclose(weight, np.eye(2), rtol=1e-6)
    assert synapse.in_features == 2


@pytest.mark.parametrize("inner", [False, True])
def test_long_chains_are_not_deep(inner):
    """A chain longer than Python's recursion limit; graphs in graphs of graphs."""
    if inner:
        graph = chain(("x", nir.Input(np.array([2]))), ("n", neurons(2)), ("y", nir.Output(np.array([2]))))
        for _ in range(60):
            graph = chain(("x", nir.Input(np.array([2]))), ("g", graph), ("y", nir.Output(np.array([2]))))
    else:
        weights = [(f"w{number}", nir.Linear(np.eye(2))) for number in range(3000)]
        graph = chain(("x", nir.Input(np.array([2]))), *weights, ("n", neurons(2)), ("y", nir.Output(np.array([2]))))
    network = hxsnn.from_nir(graph)
    assert len(network.populations) == 1


def test_long_chains_of_populations_are_sorted():
    parts = [part for n in range(300) for part in ((f"w{n}", linear(2, 2, n)), (f"n{n}", neurons(2)))]
    network = hxsnn.from_nir(chain(("x", nir.Input(np.array([2]))), *parts, ("y", nir.Output(np.array([2])))))
    assert [*network.populations] == [f"n{n}" for n in range(300)]


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        ([("fc", "fc")], "'fc': is in a circle without a neuron"),
        ([("n", "x")], "'x': is an input"),
        ([("fc", "y")], "'y': shows no neuron"),
    ],
)
def test_what_is_no_network_is_named(edges, message):
    with pytest.raises(NIRConversionError, match=message):
        hxsnn.from_nir(chain(INPUT, ("fc", linear(4, 5)), ("n", neurons()), OUTPUT, edges=edges))
