"""The linear model of a product on the chip."""

from __future__ import annotations

import torch
from torch import Tensor

from hxtorch.perceptron import constants
from hxtorch.perceptron.mock.gain import tile_gain
from hxtorch.perceptron.mock.noise import normal_noise

HEIGHT = constants.hardware_matrix_height
LOW, HIGH = constants.output_activation_min, constants.output_activation_max


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
    factor = (num_sends * tile_gain(gain, rows, columns)).to(x).expand(-(-rows // HEIGHT), columns)
    total = x.new_zeros(batch, columns)
    for tile, start in enumerate(range(0, rows, HEIGHT)):
        vectors, matrix = x[:, start : start + HEIGHT].round(), weights[start : start + HEIGHT].round()
        if noise_std > 0:
            result = normal_noise(batch, columns, noise_std, like=x).addmm_(vectors, matrix * factor[tile])
        else:  # exact where gain times a sum of products is an integer
            result = torch.mm(vectors, matrix).mul_(factor[tile])
        total.add_(result.floor_().clamp_(LOW, HIGH))
    return total.clamp_(LOW, HIGH)
