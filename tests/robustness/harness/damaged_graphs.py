"""Graphs into which what does not belong there was put: try case NUMBER, the same one in each process."""

from __future__ import annotations

import random
import warnings
from itertools import pairwise

import nir
import numpy as np

from hxtorch.core import HXTorchError
from hxtorch.spiking import from_nir

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
                fields = vars(inner.nodes[name]) if isinstance(inner.nodes[name], nir.NIRNode) else {}
                if fields:  # not those of what was put there: WRONG is that of all cases
                    fields[generator.choice(list(fields))] = wrong
    return graph


def attempt(number: int) -> str:
    """Convert a damaged graph; return what came of it."""
    graph = changed(whole(), random.Random(number))  # noqa: S311
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from_nir(graph)
        except HXTorchError:
            return "refused"
    return "read"
