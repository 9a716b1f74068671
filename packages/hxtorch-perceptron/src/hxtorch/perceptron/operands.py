"""Check tensors at the door and round them to integers of the chip."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from hxtorch.core import OperandRangeError, ProgramError
from hxtorch.perceptron import constants
from hxtorch.perceptron._kernels.operands.integers import round_to_bytes, widen

Rounding = Literal["half_away", "half_even"]
"""``half_away`` is what the chip's software does, ``half_even`` what ``torch.round`` and thus the mock mode does."""


@dataclass(frozen=True)
class Operand:
    """What one argument of an operation may hold.

    Attributes:
        name: Argument as the caller spells it.
        low, high: Closed range in LSB.
        remedy: What brings a tensor into the range.
    """

    name: str
    low: int
    high: int
    remedy: str

    def check(self, values: Tensor, rounding: Rounding) -> None:
        """Refuse what does not round to an integer from ``low`` to ``high``.

        Args:
            values: Any shape and device; read once.
            rounding: Decides whether a half beyond a bound rounds into the range.

        Raises:
            ProgramError: ``values`` are not floating point, or one is NaN.
            OperandRangeError: One is out of range.
        """
        if not values.is_floating_point():
            raise ProgramError(f"{self.name}: got type {values.dtype}, wanted floating point; convert by .float()")
        if values.numel() == 0:
            return
        smallest, largest = torch.stack(torch.aminmax(values.detach())).tolist()
        self._judge(smallest, largest, rounding)

    def integers(self, values: Tensor, rounding: Rounding) -> np.ndarray:
        """Check ``values`` as :meth:`check` does and round them.

        Returns:
            int8, or uint8 for operands that are never negative; same shape.
        """
        kind: type[np.integer[Any]] = np.uint8 if self.low == 0 else np.int8
        if values.dtype is not torch.float32 or not values.is_cpu:
            self.check(values, rounding)
            whole = values.detach().round().to(torch.int8) if rounding == "half_even" else to_integers(values)
            return whole.cpu().contiguous().numpy().view(kind)
        shape = values.shape
        numbers = np.ascontiguousarray((values.detach() if values.requires_grad else values).numpy())
        numbers = numbers if len(shape) == 2 else numbers.reshape(1, -1)
        rounded = np.empty(numbers.shape, np.int8)
        even, threads = rounding == "half_even", torch.get_num_threads()
        if not round_to_bytes(numbers, rounded, even, self.low, self.high, threads):
            self.check(values, rounding)
        rounded = rounded if kind is np.int8 else rounded.view(kind)
        return rounded if len(shape) == 2 else rounded.reshape(shape)

    def _judge(self, smallest: float, largest: float, rounding: Rounding) -> None:
        """Refuse bounds of values that are out of range, or NaN."""
        if math.isnan(smallest):  # aminmax hands it on
            raise ProgramError(f"{self.name}: got nan, wanted numbers")
        # a half beyond a bound rounds outwards, or to the even one of its neighbours: to low where that is even, never
        # to high, which is odd for all operands
        lowest = self.low - 0.5
        inside = smallest >= lowest if rounding == "half_even" and self.low % 2 == 0 else smallest > lowest
        if not inside or largest >= self.high + 0.5:
            raise OperandRangeError(
                f"{self.name}: got {largest if inside else smallest:g}, wanted values that round to "
                f"{self.low}..{self.high}; {self.remedy}"
            )


ACTIVATIONS = Operand(
    "input", constants.input_activation_min, constants.input_activation_max, "scale by nn.scale_input or clamp first"
)
WEIGHTS = Operand(
    "weight", constants.synaptic_weight_min, constants.synaptic_weight_max, "scale by nn.scale_weight or clamp first"
)
RESULTS = Operand("input", constants.output_activation_min, constants.output_activation_max, "clamp first")


def as_result(product: np.ndarray, like: Tensor) -> Tensor:
    """Return a product int8 (batch, columns) in the type and on the device of another tensor."""
    if like.dtype is not torch.float32 or not like.is_cpu:
        return torch.from_numpy(product).to(like)
    result = np.empty(product.shape, np.float32)
    widen(product, result, torch.get_num_threads())
    return torch.from_numpy(result)


def require_tensors(**arguments: object) -> None:
    """Refuse what is no dense tensor.

    Args:
        **arguments: By the names that the caller spells.

    Raises:
        ProgramError: One is no tensor, or a sparse one.
    """
    for name, value in arguments.items():
        if not isinstance(value, Tensor):
            raise ProgramError(f"{name}: got {type(value).__name__}, wanted a torch tensor")
        if value.layout is not torch.strided:
            raise ProgramError(f"{name}: got layout {value.layout}, wanted a dense tensor; convert by .to_dense()")


def to_integers(values: Tensor) -> Tensor:
    """Round checked ``values`` half away from zero to int8.

    The largest number below one half is added before the fraction is cut off: with one half itself, the number just
    below it would come out as 1.
    """
    values = values.detach()
    half = values.new_tensor(_below_half(values.dtype))
    return (values + torch.copysign(half, values)).to(torch.int8)


def _below_half(dtype: torch.dtype) -> float:
    """Return the largest number of ``dtype`` below one half."""
    return 0.5 * (1 - torch.finfo(dtype).eps / 2)
