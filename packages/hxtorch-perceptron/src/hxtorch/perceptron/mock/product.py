"""The linear model of a product on the chip."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from hxtorch.perceptron import constants
from hxtorch.perceptron._kernels.mock.mock import INSTRUCTIONS
from hxtorch.perceptron._kernels.mock.mock import mock_product as fused
from hxtorch.perceptron.mock.gain import tile_gain

HEIGHT = constants.hardware_matrix_height
LOW, HIGH = constants.output_activation_min, constants.output_activation_max
Patches = tuple[np.ndarray, np.ndarray]
_NONE = np.zeros(0, np.int32)
BLOCK = 2**17  # results that stay in the cache of a core


def tile_factors(gain: Tensor, num_sends: int, rows: int, columns: int) -> Tensor:
    """Return LSB per product in each tile, shape (tiles of rows, columns); arguments as in :func:`mock_product`."""
    return (num_sends * tile_gain(gain, rows, columns)).expand(-(-rows // HEIGHT), columns)


def fused_product(
    x: np.ndarray,
    weights: np.ndarray,
    gain: Tensor,
    noise_std: float,
    num_sends: int,
    event_noise_std: float = 0.0,
    patches: Patches | None = None,
) -> Tensor:
    """Compute :func:`mock_product` in one compiled loop, on the processor and in float32.

    The noise has the same distribution and comes from torch's generator too: it gives a key for each call.

    Args:
        x: uint8 0..31, (batch, rows), or with ``patches`` images (images, values).
        weights: int8 -63..63, (rows, columns).
        gain: As the rest, see :func:`mock_product`.
        noise_std: In LSB.
        num_sends: How often ``x`` is sent.
        event_noise_std: In LSB.
        patches: Starts and offsets of the patches of an image, int32 (patches,) and (rows,); they are the batch.

    Returns:
        float32 (batch, columns), or with ``patches`` (images, columns, patches).
    """
    rows, columns = weights.shape
    starts, offsets = (_NONE, _NONE) if patches is None else patches
    batch = len(x) * max(len(starts), 1)
    if gain.dim():
        factors = tile_factors(gain, num_sends, rows, columns).to(torch.float32).contiguous().numpy()
    else:
        factors = np.full((-(-rows // HEIGHT), columns), num_sends * gain.item(), np.float32)
    key = int(torch.empty((), dtype=torch.int64).random_()) if noise_std > 0 or event_noise_std > 0 else 0
    result = torch.empty(batch, columns)
    events = event_noise_std * math.sqrt(num_sends)
    fused(
        x, starts, offsets, weights, factors, noise_std, events, key, result.numpy(), torch.get_num_threads(),
        INSTRUCTIONS,
    )  # fmt: skip
    return result if patches is None else result.view(len(x), columns, len(starts))


def mock_product(
    x: Tensor, weights: Tensor, gain: Tensor, noise_std: float, num_sends: int, event_noise_std: float = 0.0
) -> Tensor:
    """Multiply as the chip would if all its columns were equal.

    Each tile of 128 rows gives ``floor(num_sends * gain * x @ weights + N(0, s))``, clamped to -128..127; the sum of
    the tiles is clamped again. The deviation ``s`` is ``noise_std``; with ``event_noise_std`` each event of the tile
    adds ``event_noise_std**2`` to ``s**2``; each activation but zeros is an event as often as it is sent.

    Args:
        x: Values that round to 0..31, halves to even, (batch, rows).
        weights: Values that round to -63..63, (rows, columns).
        gain: Shape () or (2, 256), see :func:`~hxtorch.perceptron.mock.gain.tile_gain`.
        noise_std: In LSB, at least 0.
        num_sends: How often ``x`` is sent.
        event_noise_std: In LSB, at least 0.

    Returns:
        Integers -128..127 in the dtype of ``x``, shape (batch, columns).

    Source:
        Chip facts 2.4, mock model.
    """
    (batch, rows), columns = x.shape, weights.shape[1]
    x, weights = x.round(), weights.round()
    tiles = [slice(start, start + HEIGHT) for start in range(0, rows, HEIGHT)]
    factors = tile_factors(gain, num_sends, rows, columns).to(x)
    total = x.new_zeros(batch, columns)
    step = max(1, BLOCK // columns)
    for start in range(0, batch, step):
        vectors, sums = x[start : start + step], total[start : start + step]
        for tile, factor in zip(tiles, factors, strict=True):
            result = torch.mm(vectors[:, tile], weights[tile]).mul_(factor)
            if event_noise_std > 0:
                events = num_sends * (vectors[:, tile] > 0).sum(1, keepdim=True)
                deviation = (noise_std**2 + event_noise_std**2 * events).sqrt().to(result)
                result.add_(torch.randn_like(result) * deviation)
            elif noise_std > 0:
                result.add_(torch.randn_like(result), alpha=noise_std)
            sums.add_(result.floor_().clamp_(LOW, HIGH))
    return total.clamp_(LOW, HIGH)
