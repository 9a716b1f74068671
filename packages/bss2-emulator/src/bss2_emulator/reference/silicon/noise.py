"""Philox 4x32-7 and Box-Muller, number by number (twin of ``_kernels/noise/normals.h``)."""

from __future__ import annotations

import math

_WORD = 0xFFFFFFFF


def philox(key: int, counter: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """Return the four words of a counter.

    Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
    """
    a, b, c, d = counter
    low, high = key & _WORD, key >> 32
    for _ in range(7):
        left, right = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = (right >> 32) ^ b ^ low, right & _WORD, (left >> 32) ^ d ^ high, left & _WORD
        low, high = (low + 0x9E3779B9) & _WORD, (high + 0xBB67AE85) & _WORD
    return a, b, c, d


def uniform(word: int) -> float:
    """Return a number in (0, 1) from the upper 23 bits of a word."""
    return ((word >> 9) + 0.5) / 2**23


def box_muller(radius: int, angle: int) -> tuple[float, float]:
    """Return two independent standard normals from two words."""
    r = math.sqrt(-2 * math.log(uniform(radius)))
    phi = ((angle & 0x3FFFFFFF) - 2**29) * math.pi / 2**31
    phi += math.pi * (angle >> 31) - math.pi / 2 * (angle >> 30 & 1)
    return r * math.cos(phi), r * math.sin(phi)


def normals(key: int, c0: int, c1: int, c2: int, c3: int) -> tuple[float, float, float, float]:
    """Return the four standard normals of a counter."""
    w = philox(key, (c0 & _WORD, c1 & _WORD, c2 & _WORD, c3 & _WORD))
    return *box_muller(w[0], w[1]), *box_muller(w[2], w[3])


def stream_normal(key: int, number: int, c1: int, c2: int, c3: int) -> float:
    """Return number ``number`` of the stream (c1, c2, c3)."""
    return normals(key, number // 4, c1, c2, c3)[number % 4]


def stream_uniform(key: int, number: int, c1: int, c2: int, c3: int) -> float:
    """Return uniform number ``number`` of the stream (c1, c2, c3)."""
    return uniform(philox(key, (number // 4, c1, c2, c3))[number % 4])
