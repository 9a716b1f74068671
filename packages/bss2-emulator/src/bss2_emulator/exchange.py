"""Currents between the compartments of a logical neuron."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bss2_emulator import constants as c
from bss2_emulator._kernels.lif import LAYOUT
from bss2_emulator.compartments import Membranes
from bss2_emulator.silicon import FloatArray

HALF_STEP = LAYOUT["step"] / 2 * c.CYCLE  # s


def coupled_groups(
    membranes: Membranes, active: NDArray[np.int64]
) -> list[tuple[NDArray[np.int64], FloatArray]]:
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
        laplacian = np.zeros((len(leads), len(leads)))
        for (a, b), g in zip(ends.reshape(-1, 2).tolist(), topology.conductance[owner == name].tolist(), strict=True):
            laplacian[[a, b], [a, b]] += g
            laplacian[[a, b], [b, a]] -= g
        found.append((place[leads], laplacian))
    return found


def half_step(capacitance: FloatArray, laplacian: FloatArray) -> FloatArray:
    """Return what half a step of the exchange makes of the potentials of compartments, a square matrix."""
    root = np.sqrt(capacitance)
    rates, modes = np.linalg.eigh(laplacian / root / root[:, None])
    return np.asarray((modes * np.exp(-rates * HALF_STEP)) @ modes.T / root[:, None] * root)


def origins(
    rows: FloatArray, membranes: Membranes, active: NDArray[np.int64], held: NDArray[np.bool_]
) -> FloatArray:
    """Return where membranes start, V above what leak and current alone give, (active,).

    Adaptation and exchange have settled; without leak, the membrane is where its reset left it.
    """
    rest, after_reset = rows[LAYOUT["rest"]], rows[LAYOUT["rest"] + 1]
    if not membranes.kind[active].any() and not len(membranes.topology.edges):
        return np.where(held, after_reset - rest, 0.0)
    _, unit = np.unique(membranes.topology.compartment[active], return_inverse=True)
    pull = rows[LAYOUT["adapt_pull"]]
    slope = 1 + np.bincount(unit, pull * rows[LAYOUT["adapt_gain"]])[unit]
    force = np.bincount(unit, pull * (rows[LAYOUT["adapt_ref"]] - rows[LAYOUT["adapt_base"]]))[unit]
    stable = slope > 0.05
    origin = np.where(stable, (rest + force) / np.where(stable, slope, 1), rest)
    origin = np.where(held, after_reset, origin)
    leak = membranes.physics.leak[active]
    for leads, laplacian in coupled_groups(membranes, active):
        matrix = laplacian + np.diag(leak[leads] * np.where(stable, slope, 1)[leads])
        origin[leads] = np.linalg.solve(matrix, leak[leads] * (rest + force)[leads])
    return np.asarray(origin - rest)
