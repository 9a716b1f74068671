"""From weights of the model to weights of the chip."""

from __future__ import annotations

from torch import Tensor

from hxtorch.spiking.doors import checked


@checked
def linear_saturating(
    weight: Tensor, scale: float = 1.0, min_weight: float = -63.0, max_weight: float = 63.0
) -> Tensor:
    """Scale weights and clip them to the range of a synapse.

    Args:
        weight: Model weights, any shape.
        scale: Factor from model units to LSB.
        min_weight: Lower bound in LSB; signed synapses reach +-63.
        max_weight: Upper bound in LSB.

    Returns:
        Clipped weights in LSB, same shape as ``weight``.

    Raises:
        ValueError: ``min_weight`` exceeds ``max_weight``.
    """
    if min_weight > max_weight:
        raise ValueError(f"min_weight: got {min_weight}, wanted at most max_weight = {max_weight}")
    return (scale * weight).clamp(min_weight, max_weight)
