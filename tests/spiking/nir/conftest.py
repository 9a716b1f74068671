"""Graphs in NIR, and what runs them: here and in norse, which we did not write."""

from types import SimpleNamespace

import nir
import numpy as np
import pytest
import torch

from hxtorch import snn as hxsnn

SIZES = (5, 8, 3)
STEPS = 80


@pytest.fixture(scope="session")
def norse():
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it compiles with what torch deprecates
        import norse.torch

        return norse.torch


def spike_input(batch=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand((STEPS, batch, SIZES[0]), generator=generator) < 0.1).float()


def vector(size, low, high, seed):
    return np.random.default_rng(seed).uniform(low, high, size).astype(np.float32)


def feed_forward(per_neuron=True):
    """5 -> 8 LIF -> 3 LI in the time of the chip."""
    one = np.ones(SIZES[1], np.float32)
    vary = (
        (lambda value, seed: value * vector(SIZES[1], 0.8, 1.2, seed))
        if per_neuron
        else (lambda value, seed: value * one)
    )
    weights = [
        np.random.default_rng(seed).normal(0.4, 0.6, shape).astype(np.float32)
        for seed, shape in ((1, (SIZES[1], SIZES[0])), (2, (SIZES[2], SIZES[1])))
    ]
    out = np.ones(SIZES[2], np.float32)
    return nir.NIRGraph(
        nodes={
            "input": nir.Input(np.array([SIZES[0]])),
            "first": nir.Linear(weights[0]),
            "hidden": nir.CubaLIF(
                tau_syn=vary(6e-6, 3), tau_mem=vary(9e-6, 4), r=vary(1.0, 5), v_leak=0 * one, v_threshold=vary(1.0, 6),
                w_in=vary(8.0, 7),
            ),
            "second": nir.Affine(weights[1], 0 * out),
            "readout": nir.CubaLI(tau_syn=6e-6 * out, tau_mem=9e-6 * out, r=out, v_leak=0 * out, w_in=6 * out),
            "output": nir.Output(np.array([SIZES[2]])),
        },
        edges=[
            ("input", "first"), ("first", "hidden"), ("hidden", "second"), ("second", "readout"), ("readout", "output"),
        ],
        metadata={},
    )  # fmt: skip


def run(network, spikes):
    y = network(hxsnn.NeuronHandle(spikes))
    hxsnn.run(network.experiment, None)
    return network.handles, y


def run_chip(network, spikes):
    y = network(hxsnn.NeuronHandle(spikes))
    hxsnn.run(network.experiment, STEPS)
    return network.handles, y


def run_norse(norse, graph, spikes, dt=1e-6):
    """Return what each node puts out, (time, batch, neuron)."""
    model, state, seen = norse.from_nir(graph, dt=dt), None, {}
    for step in spikes:
        _, state = model(step, state)
        for name, value in state.cache.items():
            seen.setdefault(name, []).append(value)
    return {name: torch.stack(values) for name, values in seen.items()}


def graph_without_li(graph):
    nodes = {name: node for name, node in graph.nodes.items() if name not in ("second", "readout", "output")}
    nodes["output"] = nir.Output(np.array([SIZES[1]]))
    edges = [("input", "first"), ("first", "hidden"), ("hidden", "output")]
    return nir.NIRGraph(nodes=nodes, edges=edges, metadata={})


def recurrent_graph(weight):
    size = len(weight)
    one = np.ones(size, np.float32)
    inner = nir.NIRGraph(
        nodes={
            "in": nir.Input(np.array([size])),
            "lif": nir.CubaLIF(10e-6 * one, 10e-6 * one, one, 0 * one, one, w_in=10 * one),
            "rec": nir.Linear(weight),
            "out": nir.Output(np.array([size])),
        },
        edges=[("in", "lif"), ("lif", "rec"), ("rec", "lif"), ("lif", "out")],
        metadata={},
    )
    return nir.NIRGraph(
        nodes={
            "input": nir.Input(np.array([5])),
            "w": nir.Linear(np.full((size, 5), 0.8, np.float32)),
            "layer": inner,
            "output": nir.Output(np.array([size])),
        },
        edges=[("input", "w"), ("w", "layer"), ("layer", "output")],
        metadata={},
        type_check=False,
    )


def circle_graph(sizes=(6, 4), scale=6.0):
    """Two populations that read each other's spikes, the first one its own too, and a readout of the second."""
    rng = np.random.default_rng(5)
    first, second = (np.ones(size, np.float32) for size in sizes)

    def linear(post, pre, mean=0.5):
        return nir.Linear(rng.normal(mean, 0.5, (post, pre)).astype(np.float32))

    return nir.NIRGraph(
        nodes={
            "input": nir.Input(np.array([SIZES[0]])),
            "w": linear(sizes[0], SIZES[0]),
            "a": nir.CubaLIF(6e-6 * first, 9e-6 * first, first, 0 * first, first, w_in=scale * first),
            "forth": linear(sizes[1], sizes[0], 1.5),
            "b": nir.CubaLIF(7e-6 * second, 8e-6 * second, second, 0 * second, 1.2 * second, w_in=scale * second),
            "back": linear(sizes[0], sizes[1], -0.2),
            "own": linear(sizes[0], sizes[0], -0.2),
            "out": linear(2, sizes[1]),
            "readout": nir.CubaLI(*(value * np.ones(2, np.float32) for value in (6e-6, 9e-6, 1, 0))),
            "output": nir.Output(np.array([2])),
        },
        edges=[
            ("input", "w"), ("w", "a"), ("a", "forth"), ("forth", "b"), ("b", "back"), ("back", "a"), ("a", "own"),
            ("own", "a"), ("b", "out"), ("out", "readout"), ("readout", "output"),
        ],
        metadata={},
        type_check=False,
    )  # fmt: skip


def without_synapses(node):
    """5 -> a neuron without synaptic time constant."""
    weight = np.random.default_rng(1).normal(0.5, 0.8, (8, 5)).astype(np.float32)
    return nir.NIRGraph(
        nodes={
            "input": nir.Input(np.array([5])),
            "w": nir.Linear(weight),
            "cell": node,
            "output": nir.Output(np.array([8])),
        },
        edges=[("input", "w"), ("w", "cell"), ("cell", "output")],
        metadata={},
    )  # fmt: skip


@pytest.fixture(scope="session")
def graphs():
    """Functions that make graphs and spikes, and run networks."""
    return SimpleNamespace(
        SIZES=SIZES,
        STEPS=STEPS,
        spike_input=spike_input,
        vector=vector,
        feed_forward=feed_forward,
        run=run,
        run_chip=run_chip,
        run_norse=run_norse,
        graph_without_li=graph_without_li,
        recurrent_graph=recurrent_graph,
        circle_graph=circle_graph,
        without_synapses=without_synapses,
    )
