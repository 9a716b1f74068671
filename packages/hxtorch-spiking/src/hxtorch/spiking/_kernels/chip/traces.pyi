"""Samples of a column ADC on a grid of time."""

import numpy as np
from numpy.typing import NDArray

def resample(
    points: NDArray[np.float64],
    times: NDArray[np.int64],
    offsets: NDArray[np.int64],
    values: NDArray[np.uint8],
    columns: NDArray[np.int64],
    indices: NDArray[np.int64],
    offset: NDArray[np.float32] | None,
    scale: NDArray[np.float32],
    nearest: bool,
    out: int,
    threads: int,
) -> None:
    """Write the traces of one hemisphere's columns.

    Args:
        points: Times of the grid in cycles, ascending, (time,).
        times: Times of the samples in cycles, ascending in each batch entry, (samples,).
        offsets: Entry ``b`` owns samples ``[offsets[b], offsets[b + 1])``, at least one, (batch + 1,).
        values: Raw codes (samples, columns).
        columns: Places among the columns to take, at most 256.
        indices: Places in the population to write them to.
        offset: What is subtracted, LSB (neurons,), or None for the first value of each trace.
        scale: Model units per LSB (neurons,).
        nearest: Take the nearer sample, of two equally near ones the later, instead of the line between them.
        out: Address of the grid, float32 (time, batch, neurons).
        threads: To use at most.
    """
