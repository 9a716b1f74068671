"""Batches are flat: entry ``b`` of an array owns ``[offsets[b], offsets[b + 1])``."""

from __future__ import annotations

import numpy as np


def is_batch(offsets: np.ndarray, count: int) -> bool:
    """Tell whether offsets ascend from 0 to ``count``, one more than batch entries."""
    if offsets.ndim != 1 or offsets.size < 2 or offsets[0] != 0 or offsets[-1] != count:
        return False
    # reductions of ufuncs do what methods of arrays do, without their two more calls: this is asked in each run
    return offsets.size == 2 or not np.logical_or.reduce(offsets[1:] < offsets[:-1])


def ascends(times: np.ndarray, offsets: np.ndarray) -> bool:
    """Tell whether times (events,) ascend inside each batch entry."""
    if times.size < 2:
        return True
    descending = times[1:] < times[:-1]
    if not np.logical_or.reduce(descending):
        return True
    descending[offsets[(offsets > 0) & (offsets < times.size)] - 1] = False
    return not descending.any()
