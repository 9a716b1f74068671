"""One tile of a matrix product (twin of ``_kernels/hagen.h``)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bss2_emulator import constants as c
from bss2_emulator.columns import PULSE_STEPS, WEIGHT_STEPS, Columns
from bss2_emulator.reference.noise import coarse_normals

HAGEN = 6 << 16  # purpose of noise


def half_away(x: float) -> int:
    """Round half away from zero."""
    return int(math.copysign(math.floor(abs(x) + 0.5), x))


def pulse(activation: int, offset: float) -> float:
    """Return the length of a pulse in activation LSB; ``offset`` of the driver in LSB, rounded to eighths."""
    if activation == 0:
        return 0.0
    return min(max(activation + offset, 0.0), c.MAX_PULSE)


def synapse(weight: int, strength_inh: float, strength_exc: float, columns: Columns, column: int) -> float:
    """Return what a signed weight weighs in its column, LSB, rounded to quarters."""
    factor = strength_exc * columns.ratio[1, column] if weight > 0 else strength_inh * columns.ratio[0, column]
    return half_away(weight * float(factor)) / WEIGHT_STEPS


def saturate(y: float, limit: float) -> float:
    """Bend the negative side: linear to 0.7 of the limit, flat from 1.3, a parabola in between; no limit where 0."""
    if limit <= 0 or y >= -0.7 * limit:
        return y
    if y <= -1.3 * limit:
        return -limit
    return y + limit / 1.2 * (-y / limit - 0.7) ** 2


def read(y: float, columns: Columns, column: int, noise: tuple[float, float]) -> int:
    """Return int8: the difference of two reads, one at rest and one after integration; noise in units of their rms."""
    rest, result = (half_away(value) for value in (
        columns.baseline[column] + columns.noise_baseline * noise[0],
        columns.baseline[column] + saturate(y, float(columns.limit[column])) + columns.noise_result * noise[1],
    ))  # fmt: skip
    difference = min(max(result, 0), 255) - min(max(rest, 0), 255)
    return min(max(difference, -128), 127)


def run_tile(
    weights: NDArray[np.int8],
    activations: NDArray[np.uint8],
    offsets: NDArray[np.float64],
    strength: NDArray[np.float32],
    columns: Columns,
    gain: NDArray[np.float64],
    ideal: bool,
    key: int,
    run: int,
    number: int,
) -> NDArray[np.int64]:
    """Run one tile.

    Args:
        weights: (rows, columns) of the tile, up to (128, 256).
        activations: (batch, rows).
        offsets: What each driver adds, LSB, (rows,).
        strength: Factor of each synapse, (256, 256).
        columns: Their constants.
        gain: LSB per weight and activation, number of sends and leak included, (256,).
        ideal: Round the product; no reads.
        key: Keys the noise, with the next two.
        run: Number of the run.
        number: Number of the tile.

    Returns:
        int8 results, (batch, columns).
    """
    rows, width = weights.shape
    out = np.empty((len(activations), width), np.int64)
    for b, vector in enumerate(activations):
        lengths = [
            pulse(int(a), half_away(float(offsets[i]) * PULSE_STEPS) / PULSE_STEPS) for i, a in enumerate(vector)
        ]
        for j in range(width):
            weigh = [
                synapse(int(weights[i, j]), float(strength[2 * i, j]), float(strength[2 * i + 1, j]), columns, j)
                for i in range(rows)
            ]
            y = float(gain[j]) * sum(a * w for a, w in zip(lengths, weigh, strict=True))
            if ideal:
                out[b, j] = min(max(half_away(y), -128), 127)
                continue
            noise = coarse_normals(key, b // 4, HAGEN + j, number, run)
            out[b, j] = read(y, columns, j, (noise[2 * (b % 4)], noise[2 * (b % 4) + 1]))
    return out
