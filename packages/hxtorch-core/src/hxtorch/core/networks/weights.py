"""From model weights to synapses."""

from __future__ import annotations

import numpy as np

from bss2_emulator.facts.constants import MAX_WEIGHT
from hxtorch.core.errors import ConfigurationError


def round_to_lsb(weight: np.ndarray) -> np.ndarray:
    """Round weights in LSB to the nearest integer, halves away from zero.

    Args:
        weight: Real, any shape, within +-63 after rounding. Anything that NumPy can read.

    Returns:
        int8, same shape.

    Raises:
        ConfigurationError: A weight is NaN or beyond the range.

    Source: chip facts 2.2.
    """
    values = np.asarray(weight)
    if values.dtype.kind not in "iuf":
        raise ConfigurationError(f"weights: got type {values.dtype}, wanted real numbers")
    if values.dtype.kind == "f":
        values = np.trunc(values + np.copysign(0.5, values))
    legal = (values >= -MAX_WEIGHT) & (values <= MAX_WEIGHT)
    if not legal.all():
        bad = np.asarray(weight)[~legal].flat[0]
        raise ConfigurationError(f"weights: got {bad}, wanted -{MAX_WEIGHT} to {MAX_WEIGHT} LSB; scale or clamp first")
    return values.astype(np.int8)


def weight_to_connection(weight: np.ndarray) -> np.ndarray:
    """List all synapses of a dense weight matrix, zeros included.

    Args:
        weight: In LSB, real (post, pre) as torch keeps it. Anything that NumPy can read.

    Returns:
        Rows of (pre, post, weight), int64 (pre * post, 3), sources outer and targets inner.

    Raises:
        ConfigurationError: A weight is NaN or beyond +-63, or the matrix is none.
    """
    matrix = round_to_lsb(weight)
    if matrix.ndim != 2:
        raise ConfigurationError(f"weights: got shape {matrix.shape}, wanted (post, pre)")
    pre, post = np.indices(matrix.T.shape).reshape(2, -1)
    return np.stack([pre, post, matrix.T.reshape(-1).astype(np.int64)], axis=1)
