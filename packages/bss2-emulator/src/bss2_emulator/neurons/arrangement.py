"""The order in which the kernel holds neurons: kinds one after the other, circuits on one membrane side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bss2_emulator._kernels.spiking.plan import Circuits
from bss2_emulator.facts import constants as c
from bss2_emulator.neurons.compartments import Membranes
from bss2_emulator.neurons.exchange import coupled_groups, half_step
from bss2_emulator.neurons.propagators import padded, padded_width

GROUPS = 7  # loops of the kernel (plan.h)


@dataclass(frozen=True, eq=False)
class Arrangement:
    """Order of the active neurons.

    Attributes:
        ascending: Active neurons n.
        order: Where the kernel's neurons are among them.
        active: Active neurons in the order of the kernel.
        place: Position in that order of each n, -1 where it is not active, (512,).
    """

    ascending: NDArray[np.int64]
    order: NDArray[np.int64]
    active: NDArray[np.int64]
    place: NDArray[np.int64]

    @property
    def shuffled(self) -> bool:
        """Whether the kernel's order is not that of the numbers."""
        return not np.array_equal(self.ascending, self.active)


def arrange(membranes: Membranes, observable: NDArray[np.bool_]) -> Arrangement:
    """Order what anybody can see, and all that is joined to it.

    Args:
        membranes: Of all neurons.
        observable: bool (512,).
    """
    neuron = membranes.topology.neuron
    wanted = np.zeros(c.NEURONS, np.bool_)
    wanted[neuron[observable]] = True
    ascending = np.flatnonzero(wanted[neuron])
    lead = membranes.topology.compartment[ascending]
    order = np.lexsort((ascending, ascending != lead, lead, membranes.group[ascending]))
    active = ascending[order]
    place = np.full(c.NEURONS, -1)
    place[active] = np.arange(len(active))
    for array in (ascending, order, active, place):
        array.setflags(write=False)
    return Arrangement(ascending, order, active, place)


def seen_together(held: Sequence[Membranes], observable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return what is to be integrated while several sets of registers hold in turn, (512,).

    Args:
        held: What each of them makes of the neurons.
        observable: Neurons that anybody can see under any of them, bool (512,).
    """
    before = np.zeros(c.NEURONS, np.bool_)
    while not np.array_equal(before, observable):  # conductances may come and go
        before = observable
        for membranes in held:
            neuron = membranes.topology.neuron
            wanted = np.zeros(c.NEURONS, np.bool_)
            wanted[neuron[observable]] = True
            observable = wanted[neuron]
    return observable


def moved(
    before: Membranes, there: Arrangement, membranes: Membranes, here: Arrangement
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return where the kernel's neurons were before a write: each itself, and what led its membrane (-1: leads none).

    Args:
        before: Neurons before the write.
        there: Their arrangement.
        membranes: Neurons after it.
        here: Their arrangement.
    """
    active = here.active
    led = there.place[before.topology.compartment[active]]
    led = np.where(membranes.topology.compartment[active] == active, led, -1)
    return padded(there.place[active].astype(np.int32)), padded(led.astype(np.int32))


def circuits(membranes: Membranes, arrangement: Arrangement, source: NDArray[np.uint8], line_rest: float) -> Circuits:
    """Tell the kernel about groups, membranes and what lies between them.

    Args:
        membranes: Of all neurons.
        arrangement: Of the active ones.
        source: Register of what is read out, (512,).
        line_rest: Of a synaptic line that is read out, V.
    """
    active, place = arrangement.active, arrangement.place
    count, width = len(active), padded_width(len(active))
    group = np.searchsorted(membranes.group[active], np.arange(GROUPS + 1)).astype(np.int32)
    if group[1] == count:  # all are plain: whole vectors
        group[1:] = width
    lead = place[membranes.topology.compartment[active]]
    last = np.arange(count)
    np.maximum.at(last, lead, np.arange(count))
    pulse = np.where(membranes.terms.slope != 0, membranes.terms.pulse_cycles, 0) * membranes.terms.adaptation
    longest = np.zeros(count, np.int64)
    np.maximum.at(longest, lead, pulse[active])
    groups = coupled_groups(membranes, active)
    matrices = [half_step(membranes.physics.capacitance[active[leads]], laplacian) for leads, laplacian in groups]
    return Circuits(
        group,
        padded(membranes.kind[active]),
        padded(source[active].astype(np.int8)),
        padded(longest.astype(np.int32)),
        np.concatenate((last + 1, np.arange(count, width) + 1)).astype(np.int32),
        np.flatnonzero(membranes.physics.bypassed[:, active].T).astype(np.int32),
        np.cumsum([0, *(len(leads) for leads, _ in groups)]).astype(np.int32),
        np.concatenate([np.zeros(0, np.int64), *(leads for leads, _ in groups)]).astype(np.int32),
        np.cumsum([0, *(matrix.size for matrix in matrices)]).astype(np.int32),
        np.concatenate([np.zeros(0), *(matrix.ravel() for matrix in matrices)]),
        line_rest,
    )
