"""What attributes of modules may be set to, in the constructor and afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from torch import Tensor

from hxtorch.spiking.errors import ExperimentError, ParameterError, TensorShapeError, TensorTypeError
from hxtorch.spiking.network.roles import BaseExperiment

Check: TypeAlias = Callable[[Any, Any], Any]
"""Returns what is kept of a value, from the module and the value; raises if it is not legal."""


def legal_experiment(module: Any, value: Any) -> BaseExperiment:
    """Return an experiment.

    Raises:
        ExperimentError: It is none.
    """
    if not isinstance(value, BaseExperiment):
        got = f"{type(module).__name__}: got {type(value).__name__}"
        raise ExperimentError(f"{got} for the experiment, wanted a hxtorch.spiking.Experiment")
    return value


def legal_size(name: str, value: Any) -> int:
    """Return ``value`` if it is a whole number of at least 1.

    Raises:
        ParameterError: It is not.
    """
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or not 1 <= value < 2**31:
        raise ParameterError(f"{name}: got {value!r:.60}, wanted a whole number of at least 1, and less than 2**31")
    return int(value)


def kept_size(name: str) -> Check:
    """Return a check of a size that does not change: weights and parameters have it.

    Raises:
        ParameterError: It is none, or another than before.
    """

    def check(module: Any, value: Any) -> int:
        size = legal_size(name, value)
        before = vars(module).get(name, size)
        if size != before:
            raise ParameterError(f"{name} of {module.label}: got {size}, has {before}; make a new layer")
        return size

    return check


def legal_flag(name: str, value: Any) -> bool:
    """Return a truth value.

    Raises:
        ParameterError: It is none.
    """
    if not isinstance(value, (bool, np.bool_)):
        raise ParameterError(f"{name}: got {value!r:.60}, wanted True or False")
    return bool(value)


def legal_share(name: str, value: Any) -> float:
    """Return a probability.

    Raises:
        ParameterError: It is none.
    """
    try:
        legal = not isinstance(value, (str, bytes, bool)) and 0 <= float(value) <= 1
    except (TypeError, ValueError, RuntimeError, OverflowError):
        legal = False
    if not legal:
        raise ParameterError(f"{name}: got {value!r:.60}, wanted 0 to 1")
    return float(value)


def legal_function(name: str, value: Any) -> Any:
    """Return a function.

    Raises:
        ParameterError: It can not be called.
    """
    if not callable(value):
        raise ParameterError(f"{name}: got {value!r:.60}, wanted a function")
    return value


def maybe_function(name: str, value: Any) -> Any:
    """Return None, or a function as :func:`legal_function` does."""
    return value if value is None else legal_function(name, value)


def legal_weight(name: str, value: Any) -> Any:
    """Return a weight; that it is a parameter is torch's to say.

    Raises:
        ParameterError: There is none.
    """
    if value is None:
        raise ParameterError(f"{name}: got None, wanted a torch.nn.Parameter")
    return value


def legal_mask(owner: str, mask: Any, size: int) -> Tensor:
    """Return a mask of neurons (neuron,).

    Raises:
        TensorTypeError: It is no tensor.
        TensorShapeError: It has another shape.
    """
    if not isinstance(mask, Tensor):
        raise TensorTypeError(f"mask of {owner}: got {type(mask).__name__}, wanted a tensor ({size},)")
    if mask.shape != (size,):
        raise TensorShapeError(f"mask of {owner}: got shape {tuple(mask.shape)}, wanted ({size},)")
    return mask


def legal_arguments(name: str, value: Any) -> Any:
    """Return arguments of a function: by name, or those without names.

    Raises:
        ParameterError: They are none.
    """
    named = name == "extra_kwargs"
    if not isinstance(value, Mapping if named else Sequence) or isinstance(value, str):
        wanted = "a dict of arguments by name" if named else "a tuple"
        raise ParameterError(f"{name}: got {value!r:.60}, wanted {wanted}")
    return value


def each(check: Callable[[str, Any], Any], *names: str) -> dict[str, Check]:
    """Return checks of attributes that need their names and values alone."""

    def of(name: str) -> Check:
        return lambda module, value: check(name, value)

    return {name: of(name) for name in names}
