"""From weights of the model to weights of the chip."""

from __future__ import annotations

from torch import Tensor

from hxtorch.spiking.doors import checked
from hxtorch.spiking.errors import ParameterError


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


@checked
class AutoScale:
    """Scale weights as strong as those of the model, or less where the largest would not fit: ``transform="auto"``.

    A layer that does not fit keeps the proportions of its weights and becomes weaker as a whole, which the layer says
    once; a readout's scores keep their order.

    Args:
        scale: LSB per model unit, as
            :func:`~hxtorch.spiking.utils.dynamic_range.weight_scaling.get_weight_scaling` measures it; or None for that
            of a chip without mismatch, by the parameters of the neurons that the synapses reach.

    Attributes:
        nominal: LSB per model unit for the neurons of the last run, or None before.

    Raises:
        ParameterError: ``scale`` is not positive.
    """

    def __init__(self, scale: float | None = None) -> None:
        if scale is not None and not scale > 0:
            raise ParameterError(f"scale: got {scale}, wanted a positive number of LSB, or None")
        self.scale = scale
        self.nominal: float | None = None

    def __call__(self, weight: Tensor, like: Tensor | None = None) -> Tensor:
        """Return weights in LSB, same shape as ``weight``, clipped.

        Args:
            weight: Model weights, any shape.
            like: Weights that decide the scale, if others are to get the same: a bias follows its weight.
        """
        strength, scale = self.strength(weight if like is None else like)
        return linear_saturating(weight, strength * scale)

    def strength(self, weight: Tensor) -> tuple[float, float]:
        """Return how strong the synapses are in parts of the model's, at most 1, and the scale of all of it.

        Without a scale the largest weight becomes 63 LSB, and nobody knows how strong that is.
        """
        largest = float(weight.abs().max()) if weight.numel() else 0.0
        fitting = 63.0 / largest if largest > 0 else None
        wanted = self.nominal if self.scale is None else self.scale
        if wanted is None:
            return 1.0, fitting or 1.0
        return (1.0 if fitting is None else min(1.0, fitting / wanted)), wanted
