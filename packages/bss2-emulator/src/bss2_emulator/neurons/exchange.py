"""Currents between the compartments of a logical neuron."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bss2_emulator._kernels.spiking.plan import LAYOUT
from bss2_emulator.facts import constants as c
from bss2_emulator.neurons.compartments import Membranes
from bss2_emulator.silicon.serial import FloatArray

HALF_STEP = LAYOUT["step"] / 2 * c.CYCLE  # s


def coupled_groups(membranes: Membranes, active: NDArray[np.int64]) -> list[tuple[NDArray[np.int64], FloatArray]]:
    """Return the compartments of each active neuron that has conductances, and their Laplacian.

    Args:
        membranes: Of all neurons.
        active: Active neurons n, in the order of the kernel.

    Returns:
        For each logical neuron the places of the leading circuits in that order, and the Laplacian in S: currents out
        of compartments are its product with their potentials.
    """
    topology = membranes.topology
    if not len(topology.edges):
        return []
    place = np.full(c.NEURONS, -1)
    place[active] = np.arange(len(active))
    found = []
    owner = topology.neuron[topology.edges[:, 0]]
    for name in np.unique(owner[place[topology.edges[:, 0]] >= 0]).tolist():
        leads, ends = np.unique(topology.edges[owner == name], return_inverse=True)
        ends, conductance = ends.ravel(), np.repeat(topology.conductance[owner == name], 2)
        laplacian = np.zeros((len(leads), len(leads)))
        np.add.at(laplacian, (ends, ends), conductance)
        laplacian[ends, ends.reshape(-1, 2)[:, ::-1].ravel()] = -conductance
        found.append((place[leads], laplacian))
    return found


def half_step(capacitance: FloatArray, laplacian: FloatArray) -> FloatArray:
    """Return what half a step of the exchange makes of the potentials of compartments, a square matrix."""
    root = np.sqrt(capacitance)
    rates, modes = np.linalg.eigh(laplacian / root / root[:, None])
    return np.asarray((modes * np.exp(-rates * HALF_STEP)) @ modes.T / root[:, None] * root)


def settled(membranes: Membranes, active: NDArray[np.int64], rest: FloatArray, held: NDArray[np.bool_]) -> FloatArray:
    """Return where membranes start, V, (active,): adaptation and exchange have settled, nothing has moved without leak.

    Args:
        membranes: Of all neurons.
        active: Active neurons n, in the order of the kernel.
        rest: Membranes of leak, current and (second row) reset alone, V, (2, active).
        held: Without leak, (active,).
    """
    terms, leak = membranes.terms, membranes.physics.leak[active]
    if not membranes.kind[active].any() and not len(membranes.topology.edges):
        return np.asarray(np.where(held, rest[1], rest[0]))
    _, unit = np.unique(membranes.topology.compartment[active], return_inverse=True)
    pull = terms.coupling[active] / leak
    slope = 1 + np.bincount(unit, pull * terms.gain[active])[unit]
    force = np.bincount(unit, pull * terms.gain[active] * terms.leak_potential[active])[unit]
    stable = slope > 0.05  # else a negative adaptation drives it to a rail
    slope = np.where(stable, slope, 1.0)
    force = np.where(stable, force, 0.0)
    start = np.where(held, rest[1], (rest[0] + force) / slope)
    for leads, laplacian in coupled_groups(membranes, active):
        matrix = laplacian + np.diag(leak[leads] * slope[leads])
        start[leads] = np.linalg.solve(matrix, leak[leads] * (rest[0] + force)[leads])
    return np.asarray(start)
