"""Refractory and holdoff times as counters and clocks. Digital: nothing to measure.

A neuron counts cycles of one of its backend's two clocks, each 250 MHz / 2 ** (scale + 1). A counter of ``N`` cycles is
the whole refractory time; the reset ends ``31 - 2 * holdoff`` cycles before its end.

Source:
    chip facts 3.5.
"""

from __future__ import annotations

import numpy as np

from bss2_emulator.facts.constants import NEURONS
from bss2_emulator.facts.coordinates import BACKEND

BASE_CLOCK = 250e6
MAX_COUNT = 255
WANTED_COUNT = 30  # a coarser clock would round by more than 3 %
START_SCALE = 4


def clock(scale: int) -> float:
    """Return the frequency of a refractory clock in hertz."""
    return BASE_CLOCK / float(1 << (scale + 1))


def choose_scale(time: float, holdoff: float) -> int:
    """Return the scale that counts ``time`` and ``holdoff`` in seconds, fine enough and without overflow."""
    scale = START_SCALE
    while scale > 0 and counts(time, scale) < WANTED_COUNT:
        scale -= 1
    while scale < 15 and (counts(time, scale) > MAX_COUNT or holdoff * clock(scale) > 31):
        scale += 1
    return scale


def counts(time: float | np.ndarray, scale: int) -> np.ndarray:
    """Return the counter for a time in seconds."""
    return np.asarray(np.floor(np.asarray(time) * clock(scale) + 1e-9).astype(np.int64) + 1)


def refractory_registers(time: np.ndarray, holdoff: np.ndarray) -> dict[str, np.ndarray]:
    """Return counters, holdoff codes and clocks for times in seconds, each (512,).

    Where the neurons of a backend differ too much for one clock, its fast clock serves the shortest times and its slow
    one the longest; each neuron takes the one that comes closest.
    """
    registers = {
        "refractory_time": np.zeros(NEURONS, np.int64),
        "holdoff": np.zeros(NEURONS, np.int64),
        "refractory_use_fast_clock": np.zeros(NEURONS, np.bool_),
        "refractory_clock_fast": np.zeros(2, np.int64),
        "refractory_clock_slow": np.zeros(2, np.int64),
    }
    for backend in range(2):
        mine = np.flatnonzero(backend == BACKEND)
        shortest, longest = mine[np.argmin(time[mine])], mine[np.argmax(time[mine])]
        fast = choose_scale(float(time[shortest]), float(holdoff[shortest]))
        slow = max(choose_scale(float(time[longest]), float(holdoff[longest])), min(fast + 1, 15))
        options = [_codes(time[mine], holdoff[mine], scale) for scale in (fast, slow)]
        use_fast = options[0][2] <= options[1][2]
        registers["refractory_time"][mine] = np.where(use_fast, options[0][0], options[1][0])
        registers["holdoff"][mine] = np.where(use_fast, options[0][1], options[1][1])
        registers["refractory_use_fast_clock"][mine] = use_fast
        registers["refractory_clock_fast"][backend] = fast
        registers["refractory_clock_slow"][backend] = slow
    return registers


def _codes(time: np.ndarray, holdoff: np.ndarray, scale: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return counters, holdoff codes and the error in seconds with one clock."""
    frequency = clock(scale)
    count = np.minimum(counts(time, scale), MAX_COUNT)
    held = np.clip(np.rint((31 - holdoff * frequency) / 2), 0, 15).astype(np.int64)
    error = np.abs(count / frequency - time) + np.abs((31 - 2 * held - 1) / frequency * (holdoff > 0) - holdoff)
    return count, held, error
