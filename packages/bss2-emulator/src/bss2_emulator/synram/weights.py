"""Synapses as the neurons feel them: what one event of each source adds to the synaptic inputs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bss2_emulator._kernels.synram.rows import compile_actions
from bss2_emulator.config import ChipConfig
from bss2_emulator.events.path import Routes
from bss2_emulator.facts.constants import COLUMNS
from bss2_emulator.facts.coordinates import COLUMN
from bss2_emulator.memory import require_memory
from bss2_emulator.neurons.arrangement import Arrangement
from bss2_emulator.silicon.serial import Silicon


@dataclass(frozen=True, eq=False)
class Synapses:
    """Effect of one event of each compiled row: the actions, then their parts.

    Attributes:
        exc, inh: Synaptic state added to the active neurons, (rows, width); at least one row.
        spans: Neurons reached: exc from, to, inh from, to; int32 (rows, 4).
    """

    exc: np.ndarray
    inh: np.ndarray
    spans: NDArray[np.int32]


def compile_synapses(
    config: ChipConfig,
    silicon: Silicon,
    routes: Routes,
    active: NDArray[np.int64],
    scale: np.ndarray,
    threads: int,
) -> Synapses:
    """Add up the synapses that an event of each row reaches.

    Args:
        config: Registers: weights, labels, row modes.
        silicon: The chip.
        routes: Drivers of each row, the label that their synapses see, and the length of their pulses.
        active: Active neurons n, ascending.
        scale: Synaptic state of (excitatory, inhibitory) per event of weight 1, (2, width).
        threads: Threads to use.

    Raises:
        MemoryLimitError: There is no room for so many rows.
    """
    rows, width = max(len(routes.row_offsets) - 1, 1), scale.shape[1]
    kind = "rows, one for each label and for each driver with short-term plasticity that it reaches,"
    advice = "send fewer labels, or use plasticity in fewer drivers"
    require_memory("synapses of the run", 2 * scale.itemsize * width, rows, advice, kind)
    exc, inh = np.zeros((2, rows, width), scale.dtype)
    spans = np.zeros((rows, 4), np.int32)
    compile_actions(
        config.weight,
        config.label,
        config.row_mode,
        silicon.synapse,
        silicon.dac,
        COLUMN[active].astype(np.int32),
        int(np.searchsorted(active, COLUMNS)),
        len(active),
        routes.drivers,
        routes.row_offsets,
        routes.seen,
        routes.pulse,
        scale[0],
        scale[1],
        exc,
        inh,
        spans,
        threads,
    )
    return Synapses(exc, inh, spans)


def arranged_synapses(
    config: ChipConfig,
    silicon: Silicon,
    routes: Routes,
    arrangement: Arrangement,
    scale: np.ndarray,
    threads: int,
) -> Synapses:
    """Add up the same in the order of the kernel; ``scale`` in that order."""
    if not arrangement.shuffled:
        return compile_synapses(config, silicon, routes, arrangement.active, scale, threads)
    count, order = len(arrangement.order), arrangement.order
    ascending = scale.copy()
    ascending[:, order] = scale[:, :count]
    synapses = compile_synapses(config, silicon, routes, arrangement.ascending, ascending, threads)
    exc, inh = synapses.exc.copy(), synapses.inh.copy()
    exc[:, :count], inh[:, :count] = synapses.exc[:, order], synapses.inh[:, order]
    spans = np.empty_like(synapses.spans)
    for sign, line in enumerate((exc, inh)):
        reached = line != 0
        spans[:, 2 * sign] = reached.argmax(axis=1)
        last = line.shape[1] - reached[:, ::-1].argmax(axis=1)
        spans[:, 2 * sign + 1] = np.where(reached.any(axis=1), last, spans[:, 2 * sign])
    return Synapses(exc, inh, spans)
