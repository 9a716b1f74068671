"""Where something is on the chip.

Neuron ``n = 256 * hemisphere + column``; hemisphere 0 is the top. Synapse row ``r`` belongs to driver ``r // 2``;
driver ``d`` sits on PADI bus ``d % 4`` at position ``d // 4``. Source: facts 1.1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bss2_emulator.facts.constants import BUSES, COLUMNS, COLUMNS_PER_OUTPUT, DRIVERS, NEURONS

IntArray = NDArray[np.int64]

_N = np.arange(NEURONS)
HEMISPHERE: IntArray = _N // COLUMNS
COLUMN: IntArray = _N % COLUMNS
QUADRANT: IntArray = 2 * HEMISPHERE + (COLUMN >= COLUMNS // 2)
BACKEND: IntArray = (COLUMN >= COLUMNS // 2).astype(np.int64)
OUTPUT: IntArray = COLUMN // COLUMNS_PER_OUTPUT  # crossbar input that takes the neuron's spikes
DRIVER_BUS: IntArray = np.arange(DRIVERS) % BUSES
DRIVER_POSITION: IntArray = np.arange(DRIVERS) // BUSES

for _array in (HEMISPHERE, COLUMN, QUADRANT, BACKEND, OUTPUT, DRIVER_BUS, DRIVER_POSITION):
    _array.setflags(write=False)


def spike_label(neuron: IntArray, address: IntArray) -> IntArray:
    """Return the 14-bit label that spikes carry on the chip: event output in bits 10..8, address below (facts 1.4)."""
    return (OUTPUT[neuron] << 8) | address


def row_select(label: IntArray) -> IntArray:
    """Return bits 6..10 of a label: what synapse drivers compare with their position (facts 1.4)."""
    return (label >> 6) & 0x1F


def synapse_label(label: IntArray) -> IntArray:
    """Return bits 0..5 of a label: what synapses compare with their own (facts 1.4)."""
    return label & 0x3F


def crossbar_reach() -> NDArray[np.bool_]:
    """Return which of the (20, 12) nodes exist (facts 1.3)."""
    reach = np.zeros((20, 12), np.bool_)
    for i in range(8):
        reach[i, [i % 4, 4 + i % 4, 8 + i % 4]] = True  # neuron outputs
        reach[12 + i, [i, 8 + i % 4]] = True  # background: 0-3 to the top, 4-7 to the bottom
    for i in range(4):
        reach[8 + i, :8] = True  # link
        reach[8 + i, 8 + i] = True
    reach.setflags(write=False)
    return reach
