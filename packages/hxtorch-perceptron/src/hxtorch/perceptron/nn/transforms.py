"""Bring tensors into the ranges of the chip."""

from __future__ import annotations

import torch
from torch import Tensor

from hxtorch.perceptron import constants
from hxtorch.perceptron.doors import checked


@checked
def scale_input(x_in: Tensor) -> Tensor:
    """Scale so that the largest value becomes 31, the largest activation; what has no positive value stays as it is.

    Args:
        x_in: Any shape; negative values stay negative.

    Returns:
        Same shape.
    """
    largest = x_in.max() if x_in.numel() else x_in.new_zeros(())
    return _scaled(x_in, largest, constants.input_activation_max)


@checked
def scale_weight(weight: Tensor) -> Tensor:
    """Scale so that the largest magnitude becomes 63, the largest weight; zeros stay as they are.

    Args:
        weight: Any shape.

    Returns:
        Same shape.
    """
    largest = weight.abs().max() if weight.numel() else weight.new_zeros(())
    return _scaled(weight, largest, constants.synaptic_weight_max)


@checked
def clamp_weight_(weight: Tensor) -> Tensor:
    """Clamp to -63..63 in place, outside of the gradient and of its check for changed tensors.

    A layer that is used twice clamps the weight between; the second time changes nothing, so the first gradient stays
    right.

    Args:
        weight: Any shape; changed.

    Returns:
        ``weight`` itself.
    """
    weight.data.clamp_(constants.synaptic_weight_min, constants.synaptic_weight_max)
    return weight


def _scaled(values: Tensor, largest: Tensor, bound: int) -> Tensor:
    """Scale such that ``largest`` becomes ``bound`` where it is positive; a zero divides nothing, in gradients too."""
    return values * (bound / torch.where(largest > 0, largest, torch.full_like(largest, bound)))
