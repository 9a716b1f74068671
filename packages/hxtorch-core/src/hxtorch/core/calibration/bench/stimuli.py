"""Stimuli for measurements: which synapses an event reaches, and trains of events.

Each of the four links feeds its bus on both hemispheres. On every bus, drivers at even positions are excitatory and at
odd positions inhibitory; one event reaches one driver, hence one synapse of every neuron. Successive pulses use other
drivers, so that mismatch of single synapses averages out.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bss2_emulator.facts.constants import COLUMNS, HEMISPHERES, ROWS
from hxtorch.core.seam.programs import CYCLE, InputEvents

EXCITATORY, INHIBITORY = 0, 1
DROP = 0x3FFF  # target of a crossbar node that lets nothing pass under mask 0; target 0 lets all pass
_DRIVERS_PER_SIGN = 64


def stimulus_registers(weight: tuple[int, int]) -> dict[str, Any]:
    """Return synapse array, drivers and crossbar for stimuli of some weight.

    Args:
        weight: Of excitatory and of inhibitory synapses, 0..63.
    """
    driver = np.arange(ROWS) // 2
    sign = (driver // 4) % 2
    top_row = np.arange(ROWS) % 2 == 1
    mode = np.where(top_row, 1 + sign, 0)  # one row of each driver is enough
    target = np.full((20, 12), DROP)
    for link in range(4):
        for output in (link, 4 + link):
            target[8 + link, output] = 0
    weights = np.where(top_row, np.asarray(weight)[sign], 0)
    return {
        "row_mode": np.stack([mode, mode]),
        "row_select_mask": 31,
        "enable_hagen_modulation": False,
        "weight": np.broadcast_to(weights[:, np.newaxis], (HEMISPHERES, ROWS, COLUMNS)),
        "label": 0,
        "crossbar_mask": 0,
        "crossbar_target": target,
    }


def spike_output_registers() -> dict[str, Any]:
    """Return switches and crossbar nodes that bring spikes of all neurons to the links."""
    target = np.full((20, 12), DROP)
    for output in range(8):
        target[output, 8 + output % 4] = 0
    address = np.tile(np.arange(256), 2) % 32 + 32 * np.repeat(
        [0, 1], 256
    )  # distinct among the 64 neurons of an output
    return {
        "enable_threshold": True,
        "enable_spike_output": True,
        "event_address": address,
        "crossbar_mask": 0,
        "crossbar_target": target,
    }


def pulses(times: np.ndarray, signs: np.ndarray, rows: int = 1) -> InputEvents:
    """Return a batch of pulse trains.

    Args:
        times: Seconds of the pulses of every entry, (pulses,), ascending.
        signs: Sign of all pulses of each entry, (entries,).
        rows: Synapses per pulse and neuron, at most 64; up to four arrive at once, others in the cycles after.
    """
    labels, cycles = [], []
    for entry, sign in enumerate(signs):
        for pulse, start in enumerate(np.rint(times / CYCLE).astype(np.int64)):
            driver = (np.arange(rows) + (entry * len(times) + pulse) * rows) % _DRIVERS_PER_SIGN
            labels.append((driver % 4) << 14 | (2 * (driver // 4) + sign) << 6)
            cycles.append(start + np.arange(rows) // 4)
    offsets = np.arange(len(signs) + 1) * len(times) * rows
    return InputEvents(np.concatenate(cycles), np.concatenate(labels).astype(np.uint16), offsets)
