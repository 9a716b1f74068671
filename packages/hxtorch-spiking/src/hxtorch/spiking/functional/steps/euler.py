"""What the steps of all neuron models share: time constants as factors of one step, checked inputs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, as_tensor

from hxtorch.spiking.errors import ParameterError, TensorShapeError

_SHORT = torch.float16, torch.bfloat16

Value = float | Tensor
"""A parameter of a model: one number, or one per neuron (neuron,), or one per batch entry and neuron."""


def tensor_like(value: Value, like: Tensor) -> Tensor:
    """Return ``value`` as a tensor of the type and device of ``like``, differentiable if it was."""
    return as_tensor(value, dtype=like.dtype, device=like.device)


def precise(value: Value) -> Value:
    """Return ``value`` in at least single precision, in which ``1 / tau`` does not overflow; a number as it is."""
    return value.float() if isinstance(value, Tensor) and value.dtype in _SHORT else value


def fraction(tau: Value | None, dt: float, what: str = "time constant") -> Value:
    """Return ``dt / tau``, the part of a difference that decays in one step; of a number, a number.

    Args:
        tau: Time constant in seconds, positive.
        dt: Step in seconds.
        what: Its name, for messages.

    Raises:
        ParameterError: ``tau`` is None or not positive, or so short that forward Euler diverges (``dt > 2 tau``).
    """
    if tau is None:
        raise ParameterError(f"{what}: got None, wanted seconds, which this model needs")
    tau = precise(tau)
    part: Value = dt / tau if isinstance(tau, Tensor) or tau != 0 else math.inf
    if not _all(part, lambda value: (value > 0) & (value <= 2)):
        raise ParameterError(f"{what}: got {tau} s, wanted at least half of the step dt = {dt} s")
    return part


def step_fraction(tau: Value, dt: float, like: Tensor) -> Tensor:
    """Return :func:`fraction` as a tensor of the type and device of ``like``."""
    return tensor_like(fraction(tau, dt), like)


def decay_factor(factor: Value, what: str) -> Value:
    """Return the part that is left after one step as it is, if it can be one.

    Args:
        factor: ``exp(-dt / tau)``, 0 to 1.
        what: Its name, for messages.

    Raises:
        ParameterError: ``factor`` is not in [0, 1).
    """
    if not _all(factor, lambda value: (value >= 0) & (value < 1)):
        raise ParameterError(f"{what}: got {factor}, wanted exp(-dt / tau), which is at least 0 and less than 1")
    return factor


def counted_steps(refractory_time: Value, dt: float) -> Value:
    """Return a refractory time in steps, without gradient; of a number, a number.

    It stays unrounded: a membrane is held until the count is down to 0, 2.5 steps hold it for 3. Only what is whole up
    to the rounding of the division is whole.

    Raises:
        ParameterError: ``refractory_time`` is negative or not finite.
    """
    time = precise(refractory_time.detach() if isinstance(refractory_time, Tensor) else refractory_time)
    steps: Value = time / dt
    if not _all(steps, lambda value: (value >= 0) & (value < math.inf)):
        raise ParameterError(f"refractory_time: got {refractory_time} s, wanted zero or more")
    if isinstance(steps, Tensor):
        return torch.where((steps - steps.round()).abs() < 1e-5 * steps.round(), steps.round(), steps)
    return float(round(steps)) if abs(steps - round(steps)) < 1e-5 * round(steps) else steps


def whole_steps(refractory_time: Value, dt: float) -> Value:
    """Return for how many steps a membrane is held, see :func:`counted_steps`."""
    steps = counted_steps(refractory_time, dt)
    return steps.ceil() if isinstance(steps, Tensor) else float(math.ceil(steps))


def is_positive(value: Value) -> bool:
    """Return whether all numbers are positive and finite."""
    return _all(value, lambda number: (number > 0) & (number < math.inf))


def first_steps(input: Tensor, steps: int) -> Tensor:
    """Return the first ``steps`` steps of ``input`` (time, batch, neuron).

    Raises:
        TensorShapeError: ``input`` has other axes, or one is empty.
    """
    if input.ndim != 3 or steps == 0 or not input.numel():
        raise TensorShapeError(
            f"input: got shape {tuple(input.shape)}, wanted (time, batch, neuron), none of them empty"
        )
    return input if steps == input.shape[0] else input[:steps]


def _all(value: Value, law: Callable[[Any], Any]) -> bool:
    """Return whether all numbers obey a law; while a graph is traced there are none to look at."""
    if not isinstance(value, Tensor):
        return bool(law(value))
    return torch.compiler.is_compiling() or bool(law(value.detach()).all())
