"""Spikes on a grid of time, and as a list."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]

def find(grid: NDArray[np.floating[Any]], step: float) -> tuple[Integers, Integers, Integers, Integers] | None:
    """Return the spikes of a grid.

    Args:
        grid: Zeros and ones, float32 or float64 (time, batch, source).
        step: Cycles between points of the grid.

    Returns:
        Whole cycles, batch entries and sources, by entry, then step, then source, and offsets of entries (batch + 1,);
        None if there are other numbers.
    """

def scatter(
    times: Integers, batches: Integers, indices: Integers, step: float, points: int, batch: int, size: int, out: int
) -> None:
    """Put ones on a grid of zeros.

    Args:
        times: Cycles since the start of the run.
        batches: Batch entries.
        indices: Neurons.
        step: Cycles between points of the grid.
        points: Number of points; later spikes are left out.
        batch: Number of batch entries.
        size: Number of neurons.
        out: Address of the grid, float32 (time, batch, neuron).
    """
