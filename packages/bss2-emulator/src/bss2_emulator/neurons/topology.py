"""Circuits that switches join: which share a membrane, and what conductances lie between membranes (facts 1.2, 3.3).

Each circuit has a membrane and a piece of somatic line. Direct switches tie such nodes together; what is tied to one
node is a compartment. The inter-compartment conductance lies between a membrane and its line, so a line that is tied to
no membrane is a star of conductances, which is replaced by those between its ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bss2_emulator.config import ChipConfig
from bss2_emulator.errors import ConfigError
from bss2_emulator.facts import constants as c
from bss2_emulator.silicon.serial import FloatArray, Silicon

REGISTERS: Final = (
    "connect_right", "connect_vertical", "connect_soma", "connect_soma_right", "enable_icc", "i_icc", "icc_divide",
    "icc_multiply", "enable_threshold",
)  # fmt: skip
LINE: Final = c.NEURONS  # node of the somatic line of circuit n is LINE + n


@dataclass(frozen=True, eq=False)
class Topology:
    """Joined circuits.

    Attributes:
        compartment: Circuit that leads the compartment of each circuit: its spike master, else the first, (512,).
        neuron: First circuit of the logical neuron that each circuit belongs to, (512,).
        edges: Circuits that lead the ends of each conductance, (edges, 2).
        conductance: S, (edges,).
    """

    compartment: NDArray[np.int64]
    neuron: NDArray[np.int64]
    edges: NDArray[np.int64]
    conductance: FloatArray


def find_topology(config: ChipConfig, silicon: Silicon) -> Topology:
    """Follow the switches.

    Raises:
        ConfigError: Two circuits of one compartment compare with their thresholds.
    """
    nodes = _tied(config)
    members = nodes[: c.NEURONS]
    icc = np.flatnonzero(config.enable_icc & (config.i_icc > 0) & (members != nodes[LINE:]))
    compartment = _leaders(config, members)
    if not len(icc):
        return Topology(compartment, compartment_first(compartment), np.empty((0, 2), np.int64), np.empty(0))
    factor = silicon.mean("icc_modifier")
    modifier = np.where(config.icc_divide, 1 / factor, 1) * np.where(config.icc_multiply, factor, 1)
    value = silicon.mean("icc") * config.i_icc * modifier * silicon.factors("icc")
    edges, conductance = _conductances(nodes, icc, compartment, value)
    return Topology(compartment, _neurons(compartment, edges), edges, conductance)


def _conductances(
    nodes: NDArray[np.int64], icc: NDArray[np.int64], compartment: NDArray[np.int64], value: FloatArray
) -> tuple[NDArray[np.int64], FloatArray]:
    """Return between which compartments conductances lie, (edges, 2), ascending, and how large they are in sum."""
    members = nodes[:LINE]
    found = []
    for line in np.unique(nodes[LINE + icc]).tolist():
        n = icc[nodes[LINE + icc] == line]
        on_line = np.flatnonzero(members == line)
        if len(on_line):  # some membrane is on the line itself
            found.append((compartment[n], np.full(n.shape, compartment[on_line[0]]), value[n]))
            continue
        i, j = np.triu_indices(len(n), 1)
        found.append((compartment[n[i]], compartment[n[j]], value[n[i]] * value[n[j]] / value[n].sum()))
    a, b, siemens = (np.concatenate(each) for each in zip(*found, strict=True))
    low, high = np.minimum(a, b), np.maximum(a, b)
    ends, place = np.unique((low * c.NEURONS + high)[a != b], return_inverse=True)
    conductance = np.zeros(ends.shape)
    np.add.at(conductance, place, siemens[a != b])
    return np.stack(np.divmod(ends, c.NEURONS), axis=1), conductance


def _neurons(compartment: NDArray[np.int64], edges: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first circuit of the logical neuron of each circuit, (512,): the smallest spreads along edges."""
    neuron, before = compartment_first(compartment), np.empty(0, np.int64)
    while not np.array_equal(neuron, before):
        before = neuron.copy()
        low = neuron[edges].min(1)
        for ends in edges.T:
            np.minimum.at(neuron, ends, low)
        neuron = neuron[compartment]
        neuron = neuron[neuron]
    return neuron


def compartment_first(compartment: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first circuit of each circuit's compartment, (512,)."""
    first = np.full(c.NEURONS, c.NEURONS)
    np.minimum.at(first, compartment, np.arange(c.NEURONS))
    return np.asarray(first[compartment])


def _tied(config: ChipConfig) -> NDArray[np.int64]:
    """Return the smallest node that each node (membranes, then lines) is tied to, (1024,)."""
    n = np.arange(c.NEURONS)
    right, vertical = np.flatnonzero(config.connect_right), np.flatnonzero(config.connect_vertical)
    soma, onward = np.flatnonzero(config.connect_soma), np.flatnonzero(config.connect_soma_right)
    pairs = np.concatenate([
        np.stack((right, right + 1)),
        np.stack((vertical, (vertical + c.COLUMNS) % c.NEURONS)),
        np.stack((soma, LINE + soma)),
        LINE + np.stack((onward, onward + 1)),
    ], axis=1)  # fmt: skip
    node = np.concatenate((n, LINE + n))
    while pairs.size:
        before = node.copy()
        low = np.minimum(node[pairs[0]], node[pairs[1]])
        np.minimum.at(node, pairs[0], low)
        np.minimum.at(node, pairs[1], low)
        node = node[node]
        if np.array_equal(node, before):
            break
    return np.asarray(node)


def _leaders(config: ChipConfig, members: NDArray[np.int64]) -> NDArray[np.int64]:
    joined = np.bincount(members, minlength=c.NEURONS)[members] > 1
    masters = np.flatnonzero(config.enable_threshold & joined)
    names, counts = np.unique(members[masters], return_counts=True)
    if (counts > 1).any():
        circuits = masters[members[masters] == names[counts > 1][0]]
        raise ConfigError(
            f"enable_threshold: got circuits {circuits.tolist()}, which share one membrane; wanted it on one of them, "
            "whose spikes reset all"
        )
    leader = np.arange(c.NEURONS)
    first = np.full(c.NEURONS, c.NEURONS)
    np.minimum.at(first, members, leader)
    first[members[masters]] = masters
    return np.asarray(first[members])
