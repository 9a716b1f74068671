"""Parameters of modules: a value for the model, one for the chip, and how they belong together."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from hxtorch.spiking.doors import checked
from hxtorch.spiking.errors import ParameterError, ParameterWarning

ParameterValue = float | Tensor
"""One number, or a tensor with one value per neuron (neuron,)."""

_SHORT = torch.float16, torch.bfloat16
NUMBERS = frozenset((float, int))
"""Types of values that are the same whoever holds them, so that nothing has to be done to compare or to keep them."""

_KEY = "_model_value"
_OLD_KEY = "value"  # of an HXParameter in checkpoints from before 2026-12


@checked
class HXBaseParameter(torch.nn.Module):
    """A value for the chip and one for the model, a module so that devices, optimizers and checkpoints reach them.

    State dictionaries hold the model value, trained or not: it decides what a network computes. Dictionaries without
    untrained values load too; one that has another value than the module is taken over, with a warning.

    Args:
        hardware_value: In units of the calibration target, a number or a tensor (neuron,).
        model_value: In model units, a number or a tensor (neuron,), or None for models that do not need it.
    """

    model_only: ClassVar[bool] = False
    """Whether there is no value for the chip."""

    def __init__(self, hardware_value: ParameterValue | None, model_value: ParameterValue | None) -> None:
        super().__init__()
        self._on_chip: Callable[..., object] | None = None
        self._hold(model_value, "model_value")
        self._hold_chip(hardware_value)

    @property
    def model_value(self) -> Any:
        """Value in the numerics, in model units: a number, a tensor, or None."""
        return self._model_value

    @model_value.setter
    def model_value(self, value: ParameterValue | None) -> None:
        self._hold(value, "model_value")

    @property
    def hardware_value(self) -> Any:
        """Value that the chip is calibrated to, in the units of the calibration target, without gradient."""
        return self._hardware_value

    @hardware_value.setter
    def hardware_value(self, value: ParameterValue | None) -> None:
        self._hold_chip(value)

    def make_trainable(self, set_on_chip_func: Callable[..., object] | None = None) -> HXBaseParameter:
        """Turn the model value into a ``torch.nn.Parameter``.

        Args:
            set_on_chip_func: Writes the value to a chip: a function of the hardware value, the chip, and the
                coordinates of the neurons; None if a calibration does.

        Returns:
            This parameter.
        """
        self._on_chip = set_on_chip_func
        value = self._model_value
        if not isinstance(value, torch.nn.Parameter):
            if value is None:
                raise ParameterError("make_trainable: got a parameter without a model value, wanted one that has it")
            kept = value.detach().clone() if isinstance(value, Tensor) else torch.tensor(float(value))
            self._hold(torch.nn.Parameter(kept), "model_value")
        return self

    def is_trainable(self) -> bool:
        """Return whether the model value is a ``torch.nn.Parameter``."""
        return isinstance(self._model_value, torch.nn.Parameter)

    def set_on_chip(self, chip: object, neuron_coordinates: object) -> None:
        """Write the hardware value to a chip by the function that :meth:`make_trainable` got; without one, do nothing.

        Args:
            chip: What the function writes to.
            neuron_coordinates: Where the neurons are.
        """
        if self._on_chip is not None:
            self._on_chip(self.hardware_value, chip, neuron_coordinates)

    def forward(self) -> Any:
        """Return the model value."""
        return self.model_value

    def extra_repr(self) -> str:
        """Return the value, or both where model and chip have different ones."""
        model = _shown(self.model_value)
        if self.model_only:
            return f"model={model}"
        chip = _shown(self.hardware_value)
        return model if chip == model else f"model={model}, chip={chip}"

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(getattr(type(self), name, None), property):
            object.__setattr__(self, name, value)  # torch would register parameters over the property
        else:
            super().__setattr__(name, value)

    def _hold(self, value: ParameterValue | None, what: str) -> None:
        """Keep a model value: numbers as they are, tensors so that they move along with the module."""
        legal = _legal(what, value)
        held = getattr(self, _KEY, None)
        if isinstance(held, torch.nn.Parameter) and not isinstance(legal, torch.nn.Parameter) and legal is not None:
            with torch.no_grad():
                held.copy_(torch.as_tensor(legal))  # it stays what optimizers know
            return
        if hasattr(self, _KEY):
            delattr(self, _KEY)
        if isinstance(legal, torch.nn.Parameter):
            self.register_parameter(_KEY, legal)
        elif isinstance(legal, Tensor):
            self.register_buffer(_KEY, legal)
        else:
            self._model_value: Any = legal

    def _hold_chip(self, value: ParameterValue | None) -> None:
        # No buffer: it belongs to one chip, and data parallel training would spread it to the chips of all ranks.
        self._hardware_value: Any = _detached(_legal("hardware_value", value))

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> HXBaseParameter:
        """Move the value along with the module, in at least single precision: in half, 1 / tau overflows."""

        def precise(tensor: Tensor) -> Tensor:
            moved = fn(tensor)
            return tensor.to(moved.device) if moved.dtype in _SHORT else moved

        super()._apply(precise, recurse)  # type: ignore[no-untyped-call]
        return self

    def _save_to_state_dict(self, destination: MutableMapping[str, Any], prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        if isinstance(self._model_value, (int, float)):
            destination[prefix + _KEY] = torch.tensor(float(self._model_value), dtype=torch.float64)

    def _load_from_state_dict(
        self, state_dict: MutableMapping[str, Any], prefix: str, local_metadata: Mapping[str, Any], *others: Any
    ) -> None:
        key = prefix + _KEY
        if prefix + _OLD_KEY in state_dict:
            state_dict[key] = state_dict.pop(prefix + _OLD_KEY)
        if self.is_trainable():
            super()._load_from_state_dict(state_dict, prefix, local_metadata, *others)
        elif key in state_dict:
            self._take_over(state_dict[key], prefix.rstrip("."))

    def _take_over(self, saved: Tensor, name: str) -> None:
        """Take the constant of a checkpoint, and say so if it is another one."""
        own = self._model_value
        wanted = saved if own is None else torch.as_tensor(own, dtype=saved.dtype, device=saved.device)
        if own is not None and wanted.shape == saved.shape and bool((wanted == saved).all()):
            return
        warn_of_taken(name, saved, own, f"{name}.{_KEY}")
        if saved.ndim == 0:
            self._hold(float(saved), "model_value")
        else:
            like = own if isinstance(own, Tensor) else saved
            self._hold(saved.detach().to(like, copy=True), "model_value")


@checked
class HXParameter(HXBaseParameter):
    """One value for the model and the chip: the chip's, which the model follows.

    Args:
        value: A number or a tensor (neuron,); a ``torch.nn.Parameter`` is trained, and the chip follows.
    """

    def __init__(self, value: ParameterValue | None) -> None:
        super().__init__(None, _legal("value", value))

    @property
    def model_value(self) -> Any:
        """Value in the numerics, that of the chip."""
        return self._model_value

    @model_value.setter
    def model_value(self, value: ParameterValue | None) -> None:
        raise AttributeError(
            f"model_value of an HXParameter: got {_shown(value)}, but it follows hardware_value; set that, or wanted "
            f"a MixedHXModelParameter({_shown(value)}, {_shown(self.hardware_value)})"
        )

    @property
    def hardware_value(self) -> Any:
        """Value that the chip is calibrated to, without gradient."""
        value = self._model_value
        return value if type(value) in NUMBERS else _detached(value)

    @hardware_value.setter
    def hardware_value(self, value: ParameterValue | None) -> None:
        self._hold(value, "hardware_value")

    def make_trainable(self, set_on_chip_func: Callable[..., object] | None = None) -> HXParameter:
        """Keep the plain value: chip and model have one, which a calibration sets. Says so by a warning.

        Args:
            set_on_chip_func: See :meth:`HXBaseParameter.make_trainable`.
        """
        self._on_chip = set_on_chip_func
        if not self.is_trainable():
            value = _shown(self._model_value)
            warnings.warn(
                f"make_trainable: an HXParameter keeps its value {value} for model and chip; to train it, write "
                f"HXTransformedModelParameter({value}, lambda value: value).make_trainable()",
                ParameterWarning,
                stacklevel=2,
            )
        return self


@checked
class ModelParameter(HXBaseParameter):
    """A value for the model only.

    Args:
        model_value: A number or a tensor (neuron,).
    """

    model_only = True

    def __init__(self, model_value: ParameterValue | None) -> None:
        super().__init__(None, model_value)

    @property
    def hardware_value(self) -> Any:
        """Raise a :class:`ParameterError`: there is none."""
        raise ParameterError(
            "a ModelParameter has no value for the chip; give a MixedHXModelParameter, or load a calibration"
        )

    @hardware_value.setter
    def hardware_value(self, value: ParameterValue | None) -> None:
        raise AttributeError(
            f"hardware_value of a ModelParameter: got {_shown(value)}, but it is the model's alone; wanted a "
            f"MixedHXModelParameter({_shown(self.model_value)}, {_shown(value)})"
        )


@checked
class MixedHXModelParameter(HXBaseParameter):
    """Two values that are set independently.

    Args:
        model_value: In model units, a number or a tensor (neuron,).
        hardware_value: In units of the calibration target, a number or a tensor (neuron,).
    """

    def __init__(self, model_value: ParameterValue | None, hardware_value: ParameterValue | None) -> None:
        super().__init__(hardware_value, model_value)


@checked
class HXTransformedModelParameter(HXBaseParameter):
    """A value for the model from which the chip's follows.

    Args:
        model_value: A number or a tensor (neuron,).
        transform_func: Turns the model value into the chip's.
    """

    def __init__(self, model_value: ParameterValue | None, transform_func: Callable[[Any], ParameterValue]) -> None:
        super().__init__(None, model_value)
        self.transform_func = transform_func

    @property
    def hardware_value(self) -> Any:
        """What the transformation makes of the model value, without gradient."""
        return _detached(self.transform_func(_detached(self.model_value)))

    @hardware_value.setter
    def hardware_value(self, value: ParameterValue | None) -> None:
        raise AttributeError(
            f"hardware_value of an HXTransformedModelParameter: got {_shown(value)}, but it follows model_value; set "
            f"that, or wanted a MixedHXModelParameter({_shown(self.model_value)}, {_shown(value)})"
        )


def as_parameter(value: HXBaseParameter | ParameterValue | None) -> HXBaseParameter:
    """Return ``value`` if it is a parameter, else one with this value for model and chip."""
    return value if isinstance(value, HXBaseParameter) else HXParameter(value)


def warn_of_taken(name: str, saved: ParameterValue, own: Any, key: str) -> None:
    """Say that a value of a checkpoint took the place of another one.

    Args:
        name: What it is, with the place in the network.
        saved: Of the checkpoint.
        own: Of the network.
        key: Of the checkpoint.
    """
    warnings.warn(
        f"{name}: took {_shown(saved)} from the checkpoint in the place of {_shown(own)}; build the network with "
        f"{name.rpartition('.')[2]}={_shown(saved)}, or drop {key!r} from the checkpoint",
        ParameterWarning,
        stacklevel=3,
    )


def _legal(name: str, value: Any) -> ParameterValue | None:
    """Return ``value`` if it is finite or None, Python's number for NumPy's, and a tensor for arrays and sequences.

    Raises:
        ParameterError: It is something else.
    """
    if value is None:
        return None
    if isinstance(value, (np.ndarray, list, tuple)) and not isinstance(value, np.ma.MaskedArray):
        try:
            value = torch.tensor(np.asarray(value, np.float64), dtype=torch.get_default_dtype())
        except (TypeError, ValueError):
            raise ParameterError(f"{name}: got {value!r}, wanted a finite number, a tensor or an array") from None
    if isinstance(value, Tensor):
        if not is_real(value) or value.layout is not torch.strided or value.is_meta:
            got = f"{value.dtype}, {value.layout} on {value.device}"
            raise ParameterError(f"{name}: got a tensor of {got}, wanted real numbers, dense")
        if not bool(value.detach().isfinite().all()):
            raise ParameterError(f"{name}: got a tensor with NaN or infinity, wanted finite numbers")
        return value
    number = value.item() if isinstance(value, np.generic) else value
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not _is_single(number):
        raise ParameterError(f"{name}: got {value!r}, wanted a finite number, 0 or of {_RANGE} in size, or a tensor")
    return number


def is_real(tensor: Tensor) -> bool:
    """Tell whether a tensor holds real numbers, by its type."""
    return not tensor.dtype.is_complex and tensor.dtype is not torch.bool


_SINGLE = torch.finfo(torch.float32)
_RANGE = f"{_SINGLE.tiny:.2g} to {_SINGLE.max:.2g}"


def _is_single(number: float) -> bool:
    """Tell whether a number is finite and not lost in single precision."""
    return number == 0 or _SINGLE.tiny <= abs(number) <= _SINGLE.max


def _shown(value: ParameterValue | None) -> str:
    """Return a number, or the range and count of several."""
    if not isinstance(value, Tensor):
        return str(value) if value is None or isinstance(value, bool) else f"{value:g}"
    low, high = (float(bound) for bound in value.detach().aminmax())
    return f"{low:g}" if value.ndim == 0 else f"{low:g}..{high:g} ({value.numel()} neurons)"


def _detached(value: Any) -> Any:
    return value.detach() if isinstance(value, Tensor) else value
