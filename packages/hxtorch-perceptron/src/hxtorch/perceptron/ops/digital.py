"""Integers between matrix products: int8 as the digital part of the chip holds them.

Today's software runs these operations on the host beside the chip (chip facts 2.4), and so does
:mod:`hxtorch.core.products.compute`. Mock mode does the same in torch, on the device of the tensor, and rounds halves
to even.
"""

from __future__ import annotations

import torch
from torch import Tensor

from hxtorch.perceptron import constants
from hxtorch.perceptron.operands import RESULTS, Operand, require_tensors
from hxtorch.perceptron.ops.graft import graft

LOW, HIGH = constants.output_activation_min, constants.output_activation_max


def rounded(values: Tensor, mock: bool, operand: Operand = RESULTS) -> Tensor:
    """Check ``values`` and round them to int8, in mock mode halves to even.

    Raises:
        OverflowError: One does not round into the range of ``operand``.
        ValueError: One is NaN, or they are not floating point, or no dense tensor.
    """
    require_tensors(**{operand.name: values})
    return torch.from_numpy(operand.integers(values, "half_even" if mock else "half_away")).to(values.device)


def saturating(values: Tensor) -> Tensor:
    """Clamp to -128..127; the gradient passes unclamped, as it does through a product."""
    return graft(values, values.detach().clamp(LOW, HIGH))
