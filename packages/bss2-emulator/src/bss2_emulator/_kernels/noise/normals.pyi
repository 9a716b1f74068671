"""Counter-based normal numbers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

def philox(key: int, counter: Sequence[int]) -> tuple[int, int, int, int]:
    """Return the four words of one counter (four words)."""

def fill_normals(key: int, first: int, c1: int, c2: int, c3: int, out: NDArray[np.float32]) -> None:
    """Write normals ``first, first + 1, ...`` of the stream (c1, c2, c3) to ``out``."""

def fill_uniform(key: int, first: int, c1: int, c2: int, c3: int, out: NDArray[np.float32]) -> None:
    """Write uniform numbers in (0, 1), ``first, first + 1, ...`` of the stream (c1, c2, c3), to ``out``."""

INSTRUCTIONS: int
"""The instruction set that runs (``native/instructions.pyi``), as its place among all sets."""

def coarse_normals(
    key: int, c0: int, c1: NDArray[np.uint32], c2: int, c3: int, instructions: int = ...
) -> NDArray[np.float32]:
    """Return the coarse normals of some identifiers, (8, count).

    Args:
        key: Of the numbers, 64 bit.
        c0: Counts them.
        c1: Identifiers, (count,).
        c2: Third word of the counter.
        c3: Fourth word of the counter.
        instructions: Up to :data:`INSTRUCTIONS`; all give the same bytes.
    """
