"""The linear model of a product on the chip."""

from __future__ import annotations

import torch
from torch import Tensor

from hxtorch.perceptron import constants
from hxtorch.perceptron.mock.gain import tile_gain

HEIGHT = constants.hardware_matrix_height
LOW, HIGH = constants.output_activation_min, constants.output_activation_max
BLOCK = 2**17  # results that stay in the cache of a core


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
    factors = (num_sends * tile_gain(gain, rows, columns)).to(x).expand(len(tiles), columns)
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
