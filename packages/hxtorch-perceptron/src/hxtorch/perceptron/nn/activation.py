"""Rectifiers as layers."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from hxtorch.perceptron.doors import checked
from hxtorch.perceptron.nn.layer import Layer, other_than_stored, set_aside
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
        shift: Bits to shift to the right, 0..7. It is in the state dictionary.
    """

    def __init__(self, shift: int = DEFAULT_SHIFT, mock: bool = False) -> None:
        super().__init__(mock)
        self.shift = shift

    def forward(self, input: Tensor) -> Tensor:
        """Rectify ``input`` of any shape, values that round to -128..127, into integers 0..31."""
        with self._named_in_errors():
            return converting_relu(input, self.shift, self.mock)

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[f"{prefix}shift"] = torch.tensor(self.shift)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *others: Any) -> None:
        """Refuse a checkpoint of another shift; those without one load as well."""
        name = f"{prefix}shift"
        with set_aside(state_dict, name) as stored:
            if stored is not None and int(stored) != self.shift:
                others[-1].append(other_than_stored(name, int(stored), self.shift))
            super()._load_from_state_dict(state_dict, prefix, *others)

    def _differences(self) -> list[str]:
        return ([f"shift={self.shift}"] if self.shift != DEFAULT_SHIFT else []) + super()._differences()
