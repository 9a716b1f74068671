"""A graph without graphs in it: sources, weights and neurons, by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from hxtorch.spiking.errors import NIRConversionError
from hxtorch.spiking.nir.library import nir_library


@dataclass(frozen=True)
class Connection:
    """Weighted spikes from a source to a neuron.

    Attributes:
        pre, post: Names of the source, an input or a neuron, and of the neuron.
        weight: Product of what lies between them, (post, pre), or None for one to one.
        name: Of the node that holds the weight.
    """

    pre: str
    post: str
    weight: np.ndarray | None
    name: str


class _Unfolded(NamedTuple):
    nodes: dict[str, Any]
    edges: list[tuple[str, str]]
    passing: set[str]


@dataclass
class FlatGraph:
    """What a network is made of.

    Attributes:
        inputs: Number of channels of each input.
        neurons: Nodes by name.
        outputs: Name of the neuron that each output shows.
        connections: All weighted spikes.
    """

    inputs: dict[str, int] = field(default_factory=dict)
    neurons: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    connections: list[Connection] = field(default_factory=list)


def array(value: Any, name: str, key: str) -> np.ndarray:
    """Return a parameter of a node as float64.

    Raises:
        NIRConversionError: It is not made of finite numbers.
    """
    values = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value, np.float64)
    if not np.isfinite(values).all():
        raise NIRConversionError(f"node {name!r}, {key}: holds NaN or infinity, wanted finite numbers")
    return values


def flatten(graph: Any) -> FlatGraph:
    """Take a graph apart.

    Raises:
        NIRConversionError: A node is of a kind that the chip does not have, or what connects nodes is not one weight.
    """
    nir = nir_library()
    if not isinstance(graph, nir.NIRGraph):
        raise NIRConversionError(f"graph: got {type(graph).__name__}, wanted a nir.NIRGraph")
    nodes, edges = _splice(_unfold(nir, graph))
    flat = FlatGraph()
    for name, node in nodes.items():
        if isinstance(node, (nir.CubaLIF, nir.CubaLI, nir.LIF, nir.LI, nir.IF)):
            flat.neurons[name] = node
        elif isinstance(node, nir.Input):
            flat.inputs[name] = int(np.asarray(node.input_type["input"]).reshape(-1)[-1])
        elif not isinstance(node, (nir.Output, nir.Linear, nir.Affine, nir.Scale)):
            raise NIRConversionError(
                f"node {name!r}: got {type(node).__name__}, wanted Input, Output, Linear, Affine, Scale, CubaLIF, "
                "CubaLI, LIF, LI, IF or a graph of these: neurons of the chip have weighted inputs"
            )
    ahead: dict[str, list[str]] = {name: [] for name in nodes}
    for pre, post in dict.fromkeys(edges):
        ahead[pre].append(post)
    for pre in [*flat.inputs, *flat.neurons]:
        for post in ahead[pre]:
            _follow(nir, nodes, ahead, flat, Connection(pre, post, None, post), ())
    return flat


def _follow(
    nir: Any,
    nodes: dict[str, Any],
    ahead: dict[str, list[str]],
    flat: FlatGraph,
    way: Connection,
    seen: tuple[str, ...],
) -> None:
    """Add the connections that begin with ``way``."""
    node = nodes[way.post]
    if way.post in flat.neurons:
        name = way.name if way.weight is not None else f"{way.pre}_{way.post}"
        flat.connections.append(Connection(way.pre, way.post, way.weight, name))
        return
    if isinstance(node, nir.Output):
        if way.weight is not None or way.pre not in flat.neurons:
            raise NIRConversionError(f"node {way.post!r}: shows no neuron, wanted the output of one")
        flat.outputs[way.post] = way.pre
        return
    if isinstance(node, nir.Input) or way.post in seen:
        raise NIRConversionError(f"node {way.post!r}: is in a circle without a neuron")
    weight = _weight(nir, node, way.post)
    if way.weight is not None:
        if weight.shape[1] != way.weight.shape[0]:
            raise NIRConversionError(
                f"node {way.post!r}, weight: got shape {weight.shape}, wanted {way.weight.shape[0]} columns"
            )
        weight = weight @ way.weight
    if not ahead[way.post]:
        raise NIRConversionError(f"node {way.post!r}: leads nowhere, wanted a neuron behind it")
    for post in ahead[way.post]:
        _follow(nir, nodes, ahead, flat, Connection(way.pre, post, weight, way.post), (*seen, way.post))


def _weight(nir: Any, node: Any, name: str) -> np.ndarray:
    if isinstance(node, nir.Scale):
        return np.diag(array(node.scale, name, "scale").reshape(-1))
    weight = array(node.weight, name, "weight")
    if weight.ndim != 2:
        raise NIRConversionError(f"node {name!r}, weight: got shape {weight.shape}, wanted (post, pre)")
    if isinstance(node, nir.Affine) and array(node.bias, name, "bias").any():
        raise NIRConversionError(f"node {name!r}, bias: got values other than 0, which the chip does not have")
    return weight


def _unfold(nir: Any, graph: Any, prefix: str = "") -> _Unfolded:
    """Return nodes and edges with those of inner graphs, and which nodes pass their data on as it is."""
    found = _Unfolded({}, [(prefix + pre, prefix + post) for pre, post in graph.edges], set())
    for name in {name for edge in graph.edges for name in edge} - set(graph.nodes):
        raise NIRConversionError(f"node {prefix + name!r}: is not there, but an edge names it")
    for name, node in graph.nodes.items():
        full = prefix + name
        if isinstance(node, nir.NIRGraph):
            inner = _unfold(nir, node, f"{full}.")
            entries = [f"{full}.{key}" for key, part in node.nodes.items() if isinstance(part, nir.Input)]
            exits = [f"{full}.{key}" for key, part in node.nodes.items() if isinstance(part, nir.Output)]
            edges = [(pre, one) for pre, post in found.edges for one in (entries if post == full else [post])]
            edges = [(one, post) for pre, post in edges for one in (exits if pre == full else [pre])]
            found = _Unfolded(
                found.nodes | inner.nodes, edges + inner.edges, found.passing | inner.passing | {*entries, *exits}
            )
            continue
        found.nodes[full] = node
        if isinstance(node, (nir.Flatten, getattr(nir.ir, "Identity", nir.Flatten))):
            found.passing.add(full)
    return found


def _splice(found: _Unfolded) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return nodes and edges without the nodes that pass their data on."""
    edges = found.edges
    for name in sorted(found.passing):
        behind = [post for pre, post in edges if pre == name]
        before = [pre for pre, post in edges if post == name]
        edges = [edge for edge in edges if name not in edge]
        edges += [(pre, post) for pre in before for post in behind if name not in (pre, post)]
    return {name: node for name, node in found.nodes.items() if name not in found.passing}, edges
