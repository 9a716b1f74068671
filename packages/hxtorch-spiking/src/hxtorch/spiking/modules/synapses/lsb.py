"""Weights of a model as those of the chip: transformed, in range, rounded, and said where that loses much."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable

import torch
from torch import Tensor

from hxtorch.core.errors import OperandRangeError
from hxtorch.spiking.errors import (
    ParameterError,
    ParameterWarning,
    SilentLayerWarning,
    TensorShapeError,
    TensorTypeError,
)
from hxtorch.spiking.modules.types import Projection
from hxtorch.spiking.network.tensors import check_finite
from hxtorch.spiking.transforms.weight_transforms import AutoScale

MAX_WEIGHT = 63
CLIPPED = 0.05
"""Part of the weights beyond the range of the chip from which on it is said."""
WEAK = 0.8
"""Part of the model's strength below which it is said."""

_HALF = torch.tensor(0.5)
_LEAST_PART = 2.0**-20


class TransformedProjection(Projection):
    """Base of synapses whose weights a transform turns into those of the chip.

    Attributes:
        weight_transform: Turns weights of the model into LSB.
    """

    weight: torch.nn.Parameter
    bias: torch.nn.Parameter | None
    weight_transform: Callable[..., Tensor]
    _said: set[str]
    """What was warned of."""

    def present(self) -> Tensor:
        """Return the weights as they count, outside of the gradient: zero where there is no synapse."""
        return self.weight.detach()

    def lsb(self) -> Tensor:
        """Return the transformed weight, rounded.

        Returns:
            int8, -63..63 LSB, of the weight's shape, on the CPU.

        Raises:
            TensorTypeError: The transform returned something else than a tensor.
            TensorValueError: The weight, or the transformed one, holds NaN or infinity.
            TensorShapeError: The transform changed the shape.
            OperandRangeError: A transformed weight exceeds +-63.

        Warns:
            SilentLayerWarning: All weights round to 0 LSB although they are not zero; once per layer.
            ParameterWarning: More than 5 % of the weights are clipped, or ``transform="auto"`` makes them weaker than
                0.8 of the model's; once per layer.
        """
        with torch.no_grad():
            weight, worst = self._in_range(self.present(), "weight")
            if worst < 0.5:
                self._say_if_silent()
            elif worst > MAX_WEIGHT - 0.5:
                self._say_if_clipped(weight)
            return _rounded(weight)

    def bias_lsb(self, weights: Tensor) -> Tensor:
        """Return weights (out_features, source) of the sources that stand for the bias as those of the chip.

        Returns:
            int8 of the same shape, -63..63 LSB, on the CPU.

        Raises:
            TensorTypeError, TensorValueError, TensorShapeError, OperandRangeError: As :meth:`lsb`.
        """
        with torch.no_grad():
            return _rounded(self._in_range(weights, "bias")[0])

    def largest_bias(self) -> float:
        """Return the largest bias as a weight in LSB, also where the transform would clip it."""
        assert self.bias is not None  # noqa: S101 - nobody asks otherwise
        with torch.no_grad():
            part = 1.0
            while True:
                largest = float(self._transformed(self.bias.detach()[:, None] * part).abs().max())
                if largest < MAX_WEIGHT - 0.5 or part < _LEAST_PART:
                    return largest / part
                part /= 2

    def _in_range(self, values: Tensor, what: str) -> tuple[Tensor, float]:
        """Return ``values`` in LSB, and the largest size, if the chip has all of them."""
        check_finite(values, f"{what} of {self.label}")  # a transform may clip, or refuse and not say whose they are
        weight = self._transformed(values)
        worst = max((float(bound) for bound in weight.aminmax()), key=abs) if weight.numel() else 0.0
        if not abs(worst) < MAX_WEIGHT + 0.5:
            check_finite(weight, f"transformed {what} of {self.label}")
            raise OperandRangeError(
                f"{what} of {self.label}: got {math.trunc(worst + math.copysign(0.5, worst))} LSB after the "
                f"transform, wanted -{MAX_WEIGHT} to {MAX_WEIGHT}; clamp in the transform, as linear_saturating "
                "does"
            )
        return weight, abs(worst)

    def _transformed(self, values: Tensor) -> Tensor:
        """Return ``values`` in LSB."""
        transform = self.weight_transform
        weight = transform(values, self.present()) if isinstance(transform, AutoScale) else transform(values)
        if not isinstance(weight, Tensor):
            raise TensorTypeError(f"transform of {self.label}: returned {type(weight).__name__}, wanted a tensor")
        if weight.shape != values.shape:
            shapes = f"{tuple(weight.shape)}, wanted {tuple(values.shape)}"
            raise TensorShapeError(f"transform of {self.label}: returned shape {shapes}")
        return weight

    def _say_if_silent(self) -> None:
        values = self.present()
        largest = float(values.abs().max()) if values.numel() else 0.0
        if largest > 0.0:
            self._say(
                f"all weights round to 0 LSB on the chip (the largest is {largest:.2g} in model units), so nothing "
                f"passes; {_line(MAX_WEIGHT / largest)}",
                SilentLayerWarning,
            )

    def _say_if_clipped(self, weight: Tensor) -> None:
        """Say if many weights are at the bound and would be with smaller values too."""
        if "clipped" in self._said:
            return
        values = self.present()
        if isinstance(self.weight_transform, AutoScale):
            strength, scale = self.weight_transform.strength(values)
            if strength < WEAK:
                self._say(
                    f"weights of the model are up to {float(values.abs().max()) * scale:.0f} LSB on the chip, wanted "
                    f"{MAX_WEIGHT}; transform='auto' scales all of them to {strength:.2g} of the model's strength",
                    ParameterWarning,
                )
            return
        smaller = self._transformed(values * 0.98)  # values at the bound that are not beyond it get away from it
        clipped = int(((weight.abs() >= MAX_WEIGHT) & (smaller.abs() >= MAX_WEIGHT)).sum())
        if clipped > CLIPPED * values.numel():
            self._say(
                f"{clipped} of {values.numel()} weights are clipped to {MAX_WEIGHT} LSB on the chip (the largest is "
                f"{float(values.abs().max()):.2g} in model units); {_line(MAX_WEIGHT / float(values.abs().max()))}",
                ParameterWarning,
            )

    def _say(self, text: str, category: type[Warning]) -> None:
        """Warn once in the life of the layer."""
        kind = "clipped" if category is ParameterWarning else "silent"
        if kind not in self._said:
            self._said.add(kind)
            warnings.warn(f"{self.label}: {text}", category, stacklevel=2)


def legal_transform(transform: Callable[[Tensor], Tensor] | str) -> Callable[..., Tensor]:
    """Return the function that turns weights into LSB.

    Raises:
        ParameterError: It is neither a function nor "auto".
    """
    if callable(transform):
        return transform
    if transform != "auto":
        raise ParameterError(f"transform: got {transform!r}, wanted a function of the weight, or 'auto'")
    return AutoScale()


def _rounded(weight: Tensor) -> Tensor:
    """Return weights in LSB as int8 on the CPU, halves rounded away from zero."""
    return (weight + torch.copysign(_HALF, weight)).to("cpu", torch.int8)  # which cuts off the fraction


def _line(scale: float) -> str:
    """Return the line to write."""
    return (
        f"write transform=partial(linear_saturating, scale={scale:.3g}), which brings the largest to {MAX_WEIGHT}, or "
        "transform='auto'"
    )
