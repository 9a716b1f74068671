"""The converter in a synapse that makes a current of its weight (twin of ``Silicon.dac``)."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from bss2_emulator.facts.constants import MAX_WEIGHT
from bss2_emulator.silicon.serial import Silicon


@lru_cache(maxsize=256)
def level(silicon: Silicon, quadrant: int, weight: int) -> float:
    """Return what a weight from 0 to 63 is in a quadrant, LSB: bits add up, and all of them are 63."""
    errors = silicon.offsets("dac_bit", 4, 6)[quadrant].tolist()
    bits = [2**b + math.sqrt(2**b) * error for b, error in enumerate(errors)]
    switched = sum(bit for b, bit in enumerate(bits) if weight >> b & 1)
    return float(np.float32(MAX_WEIGHT * switched / sum(bits)))
