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
    size: int,
    offset: int,
    scale: int,
    nearest: bool,
    out: int,
) -> None:
    """Write the traces of one hemisphere's columns.

    Args:
        points: Times of the grid in cycles, ascending, (time,).
        times: Times of the samples in cycles, ascending in each batch entry, (samples,).
        offsets: Entry ``b`` owns samples ``[offsets[b], offsets[b + 1])``, at least one, (batch + 1,).
        values: Raw codes (samples, columns).
        columns: Places among the columns to take, at most 256.
        indices: Places in the population to write them to.
        size: Neurons of the population.
        offset: Address of what is subtracted in LSB, float32 (size,); 0 for the first value of each trace.
        scale: Address of model units per LSB, float32 (size,).
        nearest: Take the nearer sample, of two equally near ones the later, instead of the line between them.
        out: Address of the grid, float32 (time, batch, size).
    """
