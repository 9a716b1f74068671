"""Check tensors at the door and round them to integers of the chip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from hxtorch.core.errors import OperandRangeError, ProgramError
from hxtorch.perceptron import constants

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
        if smallest != smallest:  # aminmax hands nan on
            raise ProgramError(f"{self.name}: got nan, wanted numbers")
        # both roundings send a half beyond the range where the bound is odd; 0 is the one even bound
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


def to_integers(values: Tensor, dtype: torch.dtype) -> Tensor:
    """Round checked ``values`` half away from zero, exactly, into a tensor of ``dtype``.

    Doubling a float is exact and so is cutting off its fraction, which leaves an integer to halve: upwards if it is
    positive, downwards if it is not.
    """
    doubled = values.detach() * 2
    if dtype == torch.uint8:
        return doubled.to(torch.uint8).add_(1).bitwise_right_shift_(1)
    whole = doubled.to(torch.int16)
    return whole.add_(whole > 0).bitwise_right_shift_(1).to(dtype)
