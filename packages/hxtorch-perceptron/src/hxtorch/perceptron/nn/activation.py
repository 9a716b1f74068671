"""Rectifiers as layers."""

from __future__ import annotations

import torch
from torch import Tensor

from hxtorch.perceptron.doors import checked
from hxtorch.perceptron.nn.layer import Layer
from hxtorch.perceptron.ops.relu import converting_relu, relu

DEFAULT_SHIFT = 2


@checked
class ReLU(Layer, torch.nn.ReLU):
    """Rectifier on int8, see :func:`~hxtorch.perceptron.relu`."""

    def __init__(self, mock: bool = False) -> None:
        super().__init__(mock)

    def forward(self, input: Tensor) -> Tensor:
        """Rectify ``input`` of any shape, values that round to -128..127, into integers 0..127."""
        with self._named_in_errors():
            return relu(input, self.mock)


@checked
class ConvertingReLU(ReLU):
    """Rectifier from results to activations, see :func:`~hxtorch.perceptron.converting_relu`.

    Attributes:
        shift: Bits to shift to the right, 0..7.
    """

    def __init__(self, shift: int = DEFAULT_SHIFT, mock: bool = False) -> None:
        super().__init__(mock)
        self.shift = shift

    def forward(self, input: Tensor) -> Tensor:
        """Rectify ``input`` of any shape, values that round to -128..127, into integers 0..31."""
        with self._named_in_errors():
            return converting_relu(input, self.shift, self.mock)

    def _differences(self) -> list[str]:
        return ([f"shift={self.shift}"] if self.shift != DEFAULT_SHIFT else []) + super()._differences()
