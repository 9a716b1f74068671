"""Normal numbers that belong to a place on one chip."""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bss2_emulator._kernels.noise.normals import fill_normals


@lru_cache(maxsize=256)
def key_of(*parts: object) -> int:
    """Return a 64-bit key of a path such as ``("chip", serial, "v_leak")``; equal paths give equal keys everywhere."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def draw(serial: str, parameter: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Draw standard normals that depend on serial, parameter and coordinate only.

    Args:
        serial: Name of the chip.
        parameter: Name of the quantity; a new one never changes the others.
        shape: Coordinates. The number at a flat index does not depend on the shape.

    Returns:
        Array of ``shape``, within +-5.8.
    """
    out = np.empty(math.prod(shape), np.float32)
    fill_normals(key_of("chip", serial, parameter), 0, 0, 0, 0, out)
    return out.reshape(shape)
