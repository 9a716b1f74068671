"""Questions about arrays of a run, each answered in one pass over them."""

import numpy as np
from numpy.typing import NDArray

def are_legal(times: NDArray[np.int64], offsets: NDArray[np.int64], runtime: int) -> bool:
    """Tell whether offsets ascend from 0 to the number of times, and times in [0, runtime) ascend in each entry."""

def are_known(label_route: NDArray[np.int32], labels: NDArray[np.uint16]) -> bool:
    """Tell whether all labels have a route."""

def are_distinct(numbers: NDArray[np.int64], most: int) -> bool:
    """Tell whether numbers lie in [0, most), at most 512, and none occurs twice."""

def regular(
    start: NDArray[np.float64], period: float, most: int, runtime: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the whole cycles ``start + k * period`` in [0, runtime) for k from 0 to most - 1, by entries.

    Args:
        start: Of each entry, cycles.
        period: Cycles, positive.
        most: How many there are at most.
        runtime: Cycles.

    Returns:
        Cycles, int64; offsets of entries, int64 (entries + 1,); k of the first one of each, 0 if there is none, int64.
    """
