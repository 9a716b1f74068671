"""Batches are flat: entry ``b`` of an array owns ``[offsets[b], offsets[b + 1])``."""

from __future__ import annotations

import numpy as np


def is_batch(offsets: np.ndarray, count: int) -> bool:
    """Tell whether offsets ascend from 0 to ``count``, one more than batch entries."""
    return bool(
        offsets.ndim == 1
        and len(offsets) >= 2
        and offsets[0] == 0
        and offsets[-1] == count
        and not (offsets[1:] < offsets[:-1]).any()
    )


def ascends(times: np.ndarray, offsets: np.ndarray) -> bool:
    """Tell whether times (events,) ascend inside each batch entry."""
    if len(times) < 2:
        return True
    descending = times[1:] < times[:-1]
    if descending.any():
        descending[offsets[(offsets > 0) & (offsets < len(times))] - 1] = False
    return not descending.any()
