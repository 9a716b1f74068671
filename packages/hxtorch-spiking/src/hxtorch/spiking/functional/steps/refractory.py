"""What a spike does to the membrane afterwards: reset, and silence for the refractory time."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from hxtorch.spiking.doors import checked
from hxtorch.spiking.functional.steps.euler import Value, counted_steps
from hxtorch.spiking.functional.surrogates.unterjubel import inject

__all__ = ["refractory_update"]


@checked
def refractory_update(
    z: Tensor,
    v: Tensor,
    ref_state: Tensor,
    spikes_hw: Any = None,
    membrane_hw: Any = None,
    *,
    reset: Value = 0.0,
    refractory_time: Value = 0.0,
    dt: float = 1e-6,
) -> tuple[Tensor, Tensor, Tensor]:
    """Silence what is refractory, reset what spiked and hold it there, count the steps that are left.

    The older form ``refractory_update(z, v, ref_state, params, dt)`` is told by the fields of its fourth argument.

    Args:
        z: Spikes that the model would emit in this step (batch, neuron).
        v: Membrane after this step, before a reset.
        ref_state: Refractory steps that are left, 0 or less where the neuron is free.
        spikes_hw: Recorded spikes of this step, which take the place of the model's, or None; or parameters with the
            fields ``reset`` and ``refractory_time``.
        membrane_hw: Recorded membrane of this step, which takes the place of the model's, or None; after parameters,
            ``dt``.
        reset: Potential after a spike, in the units of ``v``.
        refractory_time: Seconds of silence that a spike causes.
        dt: Step in seconds.

    Returns:
        Spikes, membrane and refractory steps after this step. No gradient passes through the decision to reset.

    Raises:
        ParameterError: The refractory time is negative or not finite.
    """
    if hasattr(spikes_hw, "_fields"):
        params, dt = spikes_hw, dt if membrane_hw is None else membrane_hw
        reset, refractory_time = params.reset, params.refractory_time
        spikes_hw = membrane_hw = None
    steps = counted_steps(refractory_time, dt)
    held = torch.where(ref_state > 0, reset, v)
    z, v, left = after_spike(z, held, ref_state, reset=reset, steps=steps, z_hw=spikes_hw)
    return z, inject(v, membrane_hw), left


def after_spike(
    z: Tensor,
    v: Tensor,
    ref_state: Tensor,
    *,
    reset: Value = 0.0,
    steps: Value = 0.0,
    z_hw: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Silence what is refractory, reset what spiked, count the steps that are left.

    Args:
        z: Spikes that the model would emit in this step (batch, neuron).
        v: Membrane after this step, before a reset; where the neuron is refractory, held already.
        ref_state: Refractory steps that are left, 0 where the neuron is free.
        reset: Potential after a spike, in the units of ``v``.
        steps: Refractory steps that a spike causes.
        z_hw: Recorded spikes, which take the place of the model's.

    Returns:
        Spikes, membrane and refractory steps after this step. No gradient passes through the decision to reset.
    """
    z = inject(torch.where(ref_state > 0, 0.0, z), z_hw)
    spiked = z > 0
    return z, torch.where(spiked, reset, v), torch.where(spiked, steps, (ref_state - 1).clamp(min=0))
