"""What a spike does to the membrane afterwards: reset, and silence for the refractory time."""

from __future__ import annotations

import torch
from torch import Tensor

from hxtorch.spiking.functional.steps.euler import Value
from hxtorch.spiking.functional.surrogates.unterjubel import inject

__all__ = ["refractory_update"]


def refractory_update(
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
        v: Membrane after this step, before a reset.
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
