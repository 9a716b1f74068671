"""Multiply-accumulate in hagen mode."""

import numpy as np
from numpy.typing import NDArray

PACK: int
"""Columns that lie together in packed weights."""

def pack_weights(
    weights: NDArray[np.int8],
    strength: NDArray[np.float32],
    ratio_inh: NDArray[np.float32],
    ratio_exc: NDArray[np.float32],
    packed: NDArray[np.float32],
) -> None:
    """Write what the synapses of a tile weigh to ``packed``, (packs, rows, 16), zero beforehand."""

def add_tile(
    activations: NDArray[np.uint8],
    pulse_offset: NDArray[np.float32],
    pulse_scale: float,
    pulse_limit: float,
    packed: NDArray[np.float32],
    gain: NDArray[np.float32],
    baseline: NDArray[np.float32],
    limit: NDArray[np.float32],
    inverse_limit: NDArray[np.float32],
    noise_baseline: float,
    noise_result: float,
    ideal: bool,
    key: int,
    purpose: int,
    number: int,
    first_entry: int,
    run: int,
    total: NDArray[np.int32],
    threads: int,
) -> None:
    """Multiply (batch, rows) pulses with packed weights and add what is read to ``total``, (batch, columns)."""

def clamp(total: NDArray[np.int32], out: NDArray[np.int8]) -> None:
    """Write ``total`` clamped to int8 to ``out``."""
