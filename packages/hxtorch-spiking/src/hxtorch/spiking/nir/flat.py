"""A graph without graphs in it: sources, weights and neurons, by name.

What lies between a source and a neuron is multiplied out node by node in topological order, each node once, so that
neither many ways nor long ones are expensive.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import networkx as nx
import numpy as np

from hxtorch.spiking.errors import NIRConversionError
from hxtorch.spiking.nir.library import array, nir_library, of_class, require_room

_MAX_DEPTH = 1000  # of graphs in each other; one that is in itself has no end
_MAX_NODES = 1 << 16  # with those of inner graphs, each as often as it stands there

Path = tuple[str, ...]
"""Where a node is: the names of the graphs around it, and its own."""


@dataclass(frozen=True)
class Connection:
    """Weighted spikes from a source to a neuron.

    Attributes:
        pre, post: Names of the source, an input or a neuron, and of the neuron.
        weight: Product of what lies between them, (post, pre), or None for one to one.
        gain: Factor of what is one to one.
        name: Of the node that holds the weight.
    """

    pre: str
    post: str
    weight: np.ndarray | None
    gain: float
    name: str


@dataclass
class FlatGraph:
    """What a network is made of.

    Attributes:
        inputs: Number of channels of each input: the product of its axes, or the last one if weights take that.
        neurons: Nodes by name.
        outputs: Name of the neuron that each output shows.
        connections: All weighted spikes.
        biases: What is added to the inputs of a neuron in each step, (neuron,), and the name of the node that does it.
    """

    inputs: dict[str, int] = field(default_factory=dict)
    neurons: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    connections: list[Connection] = field(default_factory=list)
    biases: dict[str, tuple[str, np.ndarray]] = field(default_factory=dict)


class _Way(NamedTuple):
    """A linear map: ``gain`` times the identity, and a matrix (post, pre) or None; ``name`` of the last weight."""

    gain: float
    matrix: np.ndarray | None
    name: str | None = None


class _Bias(NamedTuple):
    """What is added in each step, and the last node that adds to it."""

    values: np.ndarray
    name: str


def flatten(graph: Any) -> FlatGraph:
    """Take a graph apart.

    Raises:
        NIRConversionError: A node is of a kind that the chip does not have, or what connects nodes is not one weight.
    """
    nir = nir_library()
    if not isinstance(graph, nir.NIRGraph):
        raise NIRConversionError(f"graph: got {type(graph).__name__}, wanted a nir.NIRGraph")
    ways = _unfold(nir, graph)
    names = _names(ways)
    flat = FlatGraph()
    shapes: dict[str, list[int]] = {}
    between = []
    for path, node in ways.nodes(data="node"):
        name = names[path]
        if of_class(node, "CubaLIF", "CubaLI", "LIF", "LI", "IF"):
            flat.neurons[name] = node
        elif isinstance(node, nir.Input):
            shapes[name] = _axes(node, name)
            flat.inputs[name] = math.prod(shapes[name])
            if ways.in_degree(path):
                raise NIRConversionError(f"node {name!r}: is an input, but another node leads to it")
        elif node is None or isinstance(node, (nir.Linear, nir.Affine, nir.Scale)):
            between.append(path)
        elif not isinstance(node, nir.Output):
            raise NIRConversionError(
                f"node {name!r}: got {type(node).__name__}, wanted Input, Output, Linear, Affine, Scale, Flatten, "
                "CubaLIF, CubaLI, LIF, LI, IF or a graph of these: neurons of the chip have weighted inputs"
            )
    order = _order(ways.subgraph(between), names)
    with np.errstate(over="ignore", invalid="ignore"):  # what comes of it is refused
        _multiply(nir, ways, names, order, flat)
    for name, axes in shapes.items():
        columns = {one.weight.shape[1] for one in flat.connections if one.pre == name and one.weight is not None}
        # Weights take the last axis: an exporter whose sample was a batch has made that an axis.
        flat.inputs[name] = axes[-1] if columns == {axes[-1]} else math.prod(axes)
    return flat


def _multiply(nir: Any, ways: nx.DiGraph, names: Mapping[Path, str], order: list[Path], flat: FlatGraph) -> None:
    """Find what each source sends to each neuron, and what is added on the way."""
    through: dict[Path, dict[str, _Way]] = {}
    added: dict[Path, _Bias] = {}
    for path in ways:
        if names[path] in flat.inputs or names[path] in flat.neurons:
            through[path] = {names[path]: _Way(1.0, None)}
    for path in order:
        node, name = ways.nodes[path]["node"], names[path]
        before = [one for one in ways.predecessors(path) if one in through]
        into: dict[str, list[_Way]] = {}
        for one in before:
            for source, way in through[one].items():
                into.setdefault(source, []).append(way)
        if into and node is not None and not ways.out_degree(path):
            raise NIRConversionError(f"node {name!r}: leads nowhere, wanted a neuron behind it")
        through[path] = {source: _apply(nir, node, name, _sum(found, name)) for source, found in into.items()}
        bias = _bias(nir, node, name, [added[one] for one in before if one in added])
        if bias is not None:
            added[path] = bias
    for path in ways:
        name, node = names[path], ways.nodes[path]["node"]
        before = [one for one in ways.predecessors(path) if one in through]
        arriving = [(source, way) for one in before for source, way in through[one].items()]
        biases = [added[one] for one in before if one in added]
        if name in flat.neurons:
            for source, way in arriving:
                if not np.isfinite(way.gain) or not (way.matrix is None or np.isfinite(way.matrix).all()):
                    raise NIRConversionError(f"node {name!r}: gets weights from {source!r} that multiply to infinity")
                called = f"{source}_{name}" if way.name is None else way.name
                flat.connections.append(Connection(source, name, way.matrix, way.gain, called))
            if biases:
                flat.biases[name] = biases[-1].name, _total(biases, name)
        elif isinstance(node, nir.Output):
            if (
                len(arriving) != 1
                or arriving[0][0] not in flat.neurons
                or arriving[0][1] != (1.0, None, None)
                or biases
            ):
                raise NIRConversionError(f"node {name!r}: shows no neuron, wanted the output of one")
            flat.outputs[name] = arriving[0][0]


def _sum(ways: list[_Way], name: str) -> _Way:
    gain, matrices = sum(way.gain for way in ways), [way.matrix for way in ways if way.matrix is not None]
    called = next((way.name for way in ways if way.name is not None), None)
    if not matrices:
        return _Way(gain, None, called)
    if any(matrix.shape != matrices[0].shape for matrix in matrices):
        shapes = sorted({matrix.shape for matrix in matrices})
        raise NIRConversionError(f"node {name!r}: gets sums of inputs of different sizes, weights {shapes}")
    return _Way(gain, sum(matrices[1:], matrices[0]), called)


def _total(biases: list[_Bias], name: str) -> np.ndarray:
    if any(bias.values.shape != biases[0].values.shape for bias in biases):
        sizes = sorted({bias.values.size for bias in biases})
        raise NIRConversionError(f"node {name!r}: gets sums of biases of different sizes, {sizes}")
    return sum((bias.values for bias in biases[1:]), biases[0].values)


def _apply(nir: Any, node: Any, name: str, way: _Way) -> _Way:
    """Return a map behind another one."""
    if node is None:
        return way
    if isinstance(node, nir.Scale):
        scale = array(node.scale, name, "scale").reshape(-1)
        if scale.size == 1:
            return _Way(way.gain * float(scale[0]), None if way.matrix is None else way.matrix * scale, name)
        require_room(name, scale.size, scale.size)
        return _product(np.diag(scale), name, "scale", way)
    return _product(_weight(node, name), name, "weight", way)


def _weight(node: Any, name: str) -> np.ndarray:
    weight = array(node.weight, name, "weight")
    if weight.ndim != 2:
        raise NIRConversionError(f"node {name!r}, weight: got shape {weight.shape}, wanted (post, pre)")
    return weight


def _product(weight: np.ndarray, name: str, key: str, way: _Way) -> _Way:
    if way.matrix is None:
        return _Way(0.0, weight * way.gain, name)
    rows, columns = way.matrix.shape
    if weight.shape[1] != rows or (way.gain and rows != columns):
        raise NIRConversionError(f"node {name!r}, {key}: got shape {weight.shape}, wanted {rows} columns")
    require_room(name, len(weight), columns)
    return _Way(0.0, weight @ (way.matrix + way.gain * np.eye(rows) if way.gain else way.matrix), name)


def _bias(nir: Any, node: Any, name: str, before: list[_Bias]) -> _Bias | None:
    """Return what a node adds to its outputs in each step, with what nodes before it added to its inputs."""
    found: list[_Bias] = []
    if before:
        passed = _apply(nir, node, name, _Way(0.0, _total(before, name)[:, None], before[-1].name))
        found = [_Bias(passed.matrix[:, 0], before[-1].name if passed.name is None else passed.name)]  # type: ignore[index]  # stays
    if isinstance(node, nir.Affine):
        bias, rows = array(node.bias, name, "bias").reshape(-1), len(_weight(node, name))
        if bias.size not in (1, rows):
            raise NIRConversionError(f"node {name!r}, bias: got {bias.size} values, wanted {rows}")
        found.append(_Bias(np.broadcast_to(bias, (rows,)), name))
    total = _total(found, name) if found else np.zeros(1)
    return _Bias(total, found[-1].name) if total.any() else None


def _axes(node: Any, name: str) -> list[int]:
    """Return the lengths of an input's axes."""
    given = node.input_type.get("input") if isinstance(node.input_type, Mapping) else node.input_type
    axes = array(given, name, "input_type").reshape(-1)
    if not axes.size or (axes < 1).any() or (axes != np.floor(axes)).any():
        raise NIRConversionError(f"node {name!r}, input_type: got {axes.tolist()}, wanted whole numbers of at least 1")
    return [int(axis) for axis in axes]


def _order(between: nx.DiGraph, names: Mapping[Path, str]) -> list[Path]:
    try:
        return list(nx.topological_sort(between))
    except nx.NetworkXUnfeasible:
        (path, *_), *_ = nx.find_cycle(between)
        raise NIRConversionError(f"node {names[path]!r}: is in a circle without a neuron") from None


def _unfold(nir: Any, graph: Any) -> nx.DiGraph:
    """Return nodes and edges with those of inner graphs; nodes that pass their data on as it is are None."""
    found: nx.DiGraph = nx.DiGraph()
    passing = (nir.Flatten, getattr(nir.ir, "Identity", nir.Flatten))
    waiting: list[tuple[Path, Any]] = [((), graph)]
    for prefix, inner in waiting:
        nodes, shown = inner.nodes, "".join(f"{name}." for name in prefix)
        if not isinstance(nodes, Mapping) or not all(isinstance(name, str) for name in nodes):
            raise NIRConversionError(f"graph {shown[:-1]!r}, nodes: got {type(nodes).__name__}, wanted nodes by name")
        if len(prefix) > _MAX_DEPTH or len(found) + len(nodes) > _MAX_NODES:
            raise NIRConversionError(
                f"graph {shown[:60]!r}: has more than {_MAX_DEPTH} graphs in each other or {_MAX_NODES} nodes, or is "
                "in itself"
            )
        for name, node in nodes.items():
            path = (*prefix, name)
            if isinstance(node, nir.NIRGraph):
                # What leads to an inner graph reaches its inputs, and what its outputs show leaves it.
                found.add_node((*path, "in", ""), node=None)
                found.add_node((*path, "out", ""), node=None)
                waiting.append((path, node))
                continue
            port = prefix and isinstance(node, (nir.Input, nir.Output))
            found.add_node(path, node=None if port or isinstance(node, passing) else node)
            if port and isinstance(node, nir.Input):
                found.add_edge((*prefix, "in", ""), path)
            elif port:
                found.add_edge(path, (*prefix, "out", ""))
        for pre, post in _edges(inner, shown):
            for name in (pre, post):
                if name not in nodes:
                    raise NIRConversionError(f"node {shown + name!r}: is not there, but an edge names it")
            source, target = (*prefix, pre), (*prefix, post)
            found.add_edge(
                (*source, "out", "") if isinstance(nodes[pre], nir.NIRGraph) else source,
                (*target, "in", "") if isinstance(nodes[post], nir.NIRGraph) else target,
            )
    return found


def _edges(graph: Any, shown: str) -> list[tuple[str, str]]:
    try:
        edges = [(pre, post) for pre, post in graph.edges]
    except (TypeError, ValueError):
        edges = [("", 0)]  # refused below
    if not all(isinstance(name, str) for edge in edges for name in edge):
        raise NIRConversionError(f"graph {shown[:-1]!r}, edges: got something else, wanted pairs of names of nodes")
    return edges


def _names(ways: nx.DiGraph) -> dict[Path, str]:
    """Return a name for each node: those of the graphs around it and its own, and a number where two are the same."""
    names: dict[Path, str] = {}
    taken: set[str] = set()
    for path in sorted(ways, key=len):
        plain = ".".join(path)
        name, number = plain, 1
        while name in taken:
            number += 1
            name = f"{plain}_{number}"
        taken.add(name)
        names[path] = name
    return names
