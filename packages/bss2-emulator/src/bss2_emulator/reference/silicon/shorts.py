"""Normal numbers of 16 bit (twin of ``_kernels/noise/shorts.h`` and ``_kernels/noise/coarse.h``)."""

from __future__ import annotations

from functools import cache
from statistics import NormalDist

import numpy as np

from bss2_emulator.reference.silicon.noise import philox

UNIT = 4096


def exact(size: int) -> float:
    """Return the number that belongs to the ``size``-th of the 32768 equally likely parts of the positive side."""
    return UNIT * NormalDist().inv_cdf(0.5 + (size + 0.5) / 65536)


@cache
def fit(first: int, width: int) -> tuple[int, int]:
    """Return start and rise of the line of least squares through ``width`` numbers."""
    slope, level = np.polyfit(np.arange(width), [exact(first + i) for i in range(width)], 1)
    return round(float(level)), round(float(slope) * width)


def short_normal(half: int) -> int:
    """Return the number that 16 uniform bits give: a sign, and one of 63 wide or 64 narrow lines."""
    size = half & 0x7FFF
    width = 512 if size < 63 * 512 else 8
    level, rise = fit(size - size % width, width)
    number = level + rise * (size % width) // width
    return -number if half & 0x8000 else number


def coarse_normals(key: int, c0: int, c1: int, c2: int, c3: int) -> list[float]:
    """Return the eight numbers of one counter for an identifier, in units of the standard deviation."""
    words = philox(key, (c0, c1 & 0xFFFFFFFF, c2, c3))
    return [short_normal(word >> shift & 0xFFFF) / UNIT for word in words for shift in (0, 16)]
