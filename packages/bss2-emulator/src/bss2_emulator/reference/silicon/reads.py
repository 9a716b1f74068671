"""Normal numbers of matrix products (twin of ``_kernels/noise/reads.h``)."""

from __future__ import annotations

from bss2_emulator.reference.silicon.noise import philox


def high(a: int, b: int) -> int:
    """Return the upper half of a product of two numbers of 16 bit."""
    return a * b >> 16


def read_normal(half: int) -> int:
    """Return the number that 16 uniform bits give: a polynomial of the sum of both bytes, in steps of 16 bits."""
    t = ((half & 255) + (half >> 8) - 255) * 128
    square = high(t, t) * 2
    p = 19243
    for coefficient in (-4809, 348):
        p = high(p, square) + coefficient
    return high(high(p, square) * 8 + 18932, t)


def read_pairs(key: int, c0: int, c1: int, c2: int, c3: int) -> tuple[list[int], list[int]]:
    """Return the numbers of one counter for four columns: for the read at rest, and for the one after integration."""
    numbers = [read_normal(word >> shift & 0xFFFF) for word in philox(key, (c0, c1, c2, c3)) for shift in (0, 16)]
    return numbers[:4], numbers[4:]
