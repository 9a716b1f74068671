"""Put samples of jittered times on a regular grid, all batch entries at once."""

from __future__ import annotations

import numpy as np

from hxtorch.core.errors import ProgramError
from hxtorch.core.seam.results import CADCSamples


def interpolate(samples: CADCSamples, columns: np.ndarray, points: np.ndarray, mode: str) -> np.ndarray:
    """Interpolate samples in user units (raw code - 128) at ``points`` of time.

    Beyond the first and the last sample of a batch entry their values stay.

    Args:
        samples: At least one in each batch entry.
        columns: Positions in ``samples.neurons`` to take, int64 (neurons,).
        points: Times in cycles, ascending, float64 (time,).
        mode: ``linear`` or ``nearest``, also called ``nn``; of two samples equally near, the later is taken.

    Returns:
        float32 (time, batch, neurons).

    Raises:
        ProgramError: ``mode`` is another one.
    """
    if mode not in ("linear", "nearest", "nn"):
        raise ProgramError(f"interpolation: got mode {mode!r}, wanted 'linear' or 'nearest'")
    left, right = _neighbours(samples, points)
    start, gap = samples.times[left], samples.times[right] - samples.times[left]
    weight = np.divide(points[:, None] - start, gap, out=np.zeros(gap.shape), where=gap > 0)
    signed = np.subtract(samples.values, np.float32(128), dtype=np.float32)
    if len(columns) < signed.shape[1] or (columns != np.arange(len(columns))).any():
        signed = signed[:, columns]
    if mode != "linear":
        nearest: np.ndarray = signed.take(np.where(weight >= 0.5, right, left), axis=0)
        return nearest
    slopes = np.empty_like(signed)  # to the next sample; across the border of two entries it has the weight 0
    np.subtract(signed[1:], signed[:-1], out=slopes[:-1])
    slopes[-1] = 0
    result: np.ndarray = slopes.take(left, axis=0)
    result *= weight.astype(np.float32)[..., None]
    result += signed.take(left, axis=0)
    return result


def _neighbours(samples: CADCSamples, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the samples before and after each point in each entry, int64 (time, batch), equal at the ends."""
    first, stop = samples.batch_offsets[:-1], samples.batch_offsets[1:]
    # Entries one after the other on one axis of time, so that one search does for all.
    length = max(points[-1], samples.times.max()) + 1.0
    shift = np.arange(len(first)) * length
    keys = samples.times + np.repeat(shift, stop - first)
    after = np.searchsorted(keys, points[:, None] + shift, side="right")
    return np.clip(after - 1, first, stop - 1), np.clip(after, first, stop - 1)
