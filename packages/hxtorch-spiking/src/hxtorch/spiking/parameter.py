"""Parameters of modules: a value for the model, one for the chip, and how they belong together."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from hxtorch.spiking.errors import ParameterError

ParameterValue = float | Tensor
"""One number, or a tensor with one value per neuron (neuron,)."""


class HXBaseParameter(torch.nn.Module, ABC):
    """A parameter of a neuron module, itself a module so that devices, optimizers and state dictionaries reach it."""

    model_only: ClassVar[bool] = False
    """Whether there is no value for the chip."""

    @property
    @abstractmethod
    def model_value(self) -> ParameterValue:
        """Value in the numerics, in model units."""

    @property
    @abstractmethod
    def hardware_value(self) -> ParameterValue:
        """Value that the chip is calibrated to, in the units of the calibration target, without gradient."""

    @abstractmethod
    def make_trainable(self) -> None:
        """Turn the model value into a ``torch.nn.Parameter``."""

    def extra_repr(self) -> str:
        """Return the value, or both where model and chip have different ones."""
        model = _shown(self.model_value)
        if self.model_only:
            return f"model={model}"
        chip = _shown(self.hardware_value)
        return model if chip == model else f"model={model}, chip={chip}"

    def _hold(self, name: str, value: ParameterValue) -> None:
        """Keep a value: numbers as they are, tensors so that they move along with the module."""
        legal = _legal(name.lstrip("_"), value)
        if isinstance(legal, torch.nn.Parameter):
            self.register_parameter(name, legal)
        elif isinstance(legal, Tensor):
            self.register_buffer(name, legal, persistent=False)
        else:
            setattr(self, name, legal)

    def _train(self, name: str) -> None:
        value = getattr(self, name)
        if not isinstance(value, torch.nn.Parameter):
            delattr(self, name)
            kept = value.detach().clone() if isinstance(value, Tensor) else torch.tensor(float(value))
            self.register_parameter(name, torch.nn.Parameter(kept))


class HXParameter(HXBaseParameter):
    """One value for the model and the chip.

    Args:
        value: A number or a tensor (neuron,).
    """

    def __init__(self, value: ParameterValue) -> None:
        super().__init__()
        self._hold("value", value)

    @property
    def model_value(self) -> ParameterValue:
        return self.value  # type: ignore[return-value]

    @property
    def hardware_value(self) -> ParameterValue:
        return _detached(self.model_value)

    def make_trainable(self) -> None:
        """Turn the value into a ``torch.nn.Parameter``; the chip follows it."""
        self._train("value")


class ModelParameter(HXBaseParameter):
    """A value for the model only.

    Args:
        model_value: A number or a tensor (neuron,).
    """

    model_only = True

    def __init__(self, model_value: ParameterValue) -> None:
        super().__init__()
        self._hold("_model_value", model_value)

    @property
    def model_value(self) -> ParameterValue:
        return self._model_value  # type: ignore[return-value]

    @property
    def hardware_value(self) -> ParameterValue:
        """Raise a :class:`ParameterError`: there is none."""
        raise ParameterError(
            "a ModelParameter has no value for the chip; give a MixedHXModelParameter, or load a calibration"
        )

    def make_trainable(self) -> None:
        """Turn the model value into a ``torch.nn.Parameter``."""
        self._train("_model_value")


class MixedHXModelParameter(ModelParameter):
    """Two values that are set independently.

    Args:
        model_value: In model units, a number or a tensor (neuron,).
        hardware_value: In units of the calibration target, a number or a tensor (neuron,).
    """

    model_only = False

    def __init__(self, model_value: ParameterValue, hardware_value: ParameterValue) -> None:
        super().__init__(model_value)
        # No buffer: it belongs to one chip, and data parallel training would spread it to the chips of all ranks.
        self._hardware_value = _detached(_legal("hardware_value", hardware_value))

    @property
    def hardware_value(self) -> ParameterValue:
        return self._hardware_value


class HXTransformedModelParameter(ModelParameter):
    """A value for the model from which the chip's follows.

    Args:
        model_value: A number or a tensor (neuron,).
        transform_func: Turns the model value into the chip's.
    """

    model_only = False

    def __init__(self, model_value: ParameterValue, transform_func: Callable[[ParameterValue], ParameterValue]) -> None:
        super().__init__(model_value)
        self.transform_func = transform_func

    @property
    def hardware_value(self) -> ParameterValue:
        return _detached(self.transform_func(_detached(self.model_value)))


def as_parameter(value: HXBaseParameter | ParameterValue) -> HXBaseParameter:
    """Return ``value`` if it is a parameter, else one with this value for model and chip."""
    return value if isinstance(value, HXBaseParameter) else HXParameter(value)


def _legal(name: str, value: ParameterValue) -> ParameterValue:
    """Return ``value`` if it is finite, and Python's number for NumPy's."""
    if isinstance(value, Tensor):
        if not bool(value.detach().isfinite().all()):
            raise ParameterError(f"{name}: got a tensor with NaN or infinity, wanted finite numbers")
        return value
    number = value.item() if isinstance(value, np.generic) else value
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not math.isfinite(number):
        raise ParameterError(f"{name}: got {value!r}, wanted a finite number or a tensor")
    return number


def _shown(value: ParameterValue) -> str:
    """Return a number, or the range and count of several."""
    if not isinstance(value, Tensor):
        return f"{value:g}"
    low, high = (float(bound) for bound in value.detach().aminmax())
    return f"{low:g}" if value.ndim == 0 else f"{low:g}..{high:g} ({value.numel()} neurons)"


def _detached(value: ParameterValue) -> ParameterValue:
    return value.detach() if isinstance(value, Tensor) else value
