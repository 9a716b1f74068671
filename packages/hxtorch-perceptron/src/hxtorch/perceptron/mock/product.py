"""The linear model of a product on the chip."""

from __future__ import annotations

import torch
from torch import Tensor

from hxtorch.perceptron import constants
from hxtorch.perceptron._kernels.mock.mock import INSTRUCTIONS
from hxtorch.perceptron._kernels.mock.mock import mock_product as fused
from hxtorch.perceptron.mock.gain import tile_gain

HEIGHT = constants.hardware_matrix_height
LOW, HIGH = constants.output_activation_min, constants.output_activation_max
BLOCK = 2**17  # results that stay in the cache of a core


def tile_factors(gain: Tensor, num_sends: int, rows: int, columns: int) -> Tensor:
    """Return LSB per product in each tile, shape (tiles of rows, columns); arguments as in :func:`mock_product`."""
    return (num_sends * tile_gain(gain, rows, columns)).expand(-(-rows // HEIGHT), columns)


def fused_product(x: Tensor, weights: Tensor, gain: Tensor, noise_std: float, num_sends: int) -> Tensor:
    """Compute :func:`mock_product` in one compiled loop, on the processor and in float32.

    The noise has the same distribution and comes from torch's generator too: it gives a key for each call.

    Args:
        x: uint8 0..31, (batch, rows).
        weights: int8 -63..63, (rows, columns).
        gain: As the rest, see :func:`mock_product`.
        noise_std: In LSB.
        num_sends: How often ``x`` is sent.

    Returns:
        float32 (batch, columns).
    """
    (batch, rows), columns = x.shape, weights.shape[1]
    factors = tile_factors(gain, num_sends, rows, columns).to(torch.float32).contiguous()
    key = int(torch.empty((), dtype=torch.int64).random_()) if noise_std > 0 else 0
    result = torch.empty(batch, columns)
    threads = torch.get_num_threads()
    fused(x.numpy(), weights.numpy(), factors.numpy(), noise_std, key, result.numpy(), threads, INSTRUCTIONS)
    return result


def mock_product(x: Tensor, weights: Tensor, gain: Tensor, noise_std: float, num_sends: int) -> Tensor:
    """Multiply as the chip would if all its columns were equal.

    Each tile of 128 rows gives ``floor(num_sends * gain * x @ weights + N(0, noise_std))``, clamped to -128..127; the
    sum of the tiles is clamped again.

    Args:
        x: Values that round to 0..31, halves to even, (batch, rows).
        weights: Values that round to -63..63, (rows, columns).
        gain: Shape () or (2, 256), see :func:`~hxtorch.perceptron.mock.gain.tile_gain`.
        noise_std: In LSB, at least 0.
        num_sends: How often ``x`` is sent.

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
            if noise_std > 0:
                result.add_(torch.randn_like(result), alpha=noise_std)
            sums.add_(result.floor_().clamp_(LOW, HIGH))
    return total.clamp_(LOW, HIGH)
