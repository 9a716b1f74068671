"""What the Euler loops of all neuron models share: time constants as factors of one step, checked inputs."""

from __future__ import annotations

from torch import Tensor, as_tensor

from hxtorch.spiking.errors import ParameterError, TensorShapeError

Value = float | Tensor
"""A parameter of a model: one number, or one per neuron (neuron,), or one per batch entry and neuron."""


def tensor_like(value: Value, like: Tensor) -> Tensor:
    """Return ``value`` as a tensor of the type and device of ``like``, differentiable if it was."""
    return as_tensor(value, dtype=like.dtype, device=like.device)


def step_fraction(tau: Value, dt: float, like: Tensor) -> Tensor:
    """Return ``dt / tau``: the part of a difference that decays in one step.

    Args:
        tau: Time constant in seconds, positive.
        dt: Step in seconds.
        like: Tensor whose type and device the result gets.

    Raises:
        ParameterError: ``tau`` is not positive, or so short that forward Euler diverges (``dt > 2 tau``).
    """
    fraction = dt / tensor_like(tau, like)
    extremes = fraction.detach()
    if not bool(((extremes > 0) & (extremes <= 2)).all()):
        raise ParameterError(f"time constant: got {tau} s, wanted at least half of the step dt = {dt} s")
    return fraction


def decay_factor(factor: Value, what: str, like: Tensor) -> Tensor:
    """Return the part that is left after one step as a tensor of the type and device of ``like``.

    Args:
        factor: ``exp(-dt / tau)``, 0 to 1.
        what: Its name, for messages.
        like: Tensor whose type and device the result gets.

    Raises:
        ParameterError: ``factor`` is not in [0, 1).
    """
    result = tensor_like(factor, like)
    extremes = result.detach()
    if not bool(((extremes >= 0) & (extremes < 1)).all()):
        raise ParameterError(f"{what}: got {factor}, wanted exp(-dt / tau), which is at least 0 and less than 1")
    return result


def time_steps(input: Tensor, steps: int) -> tuple[Tensor, ...]:
    """Return the first ``steps`` slices of ``input`` (time, batch, neuron) along time.

    Raises:
        TensorShapeError: ``input`` has other axes, or no time.
    """
    if input.ndim != 3 or steps == 0:
        raise TensorShapeError(
            f"input: got shape {tuple(input.shape)}, wanted (time, batch, neuron), none of them empty"
        )
    return input[:steps].unbind(0)
