"""SuperSpike surrogate gradient."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from hxtorch.spiking.doors import checked

__all__ = ["SuperSpike", "superspike_func"]


class SuperSpike(torch.autograd.Function):
    """Heaviside step whose derivative is a fast sigmoid's.

    Forward ``1 if x > 0 else 0``; derivative ``1 / (1 + alpha |x|)^2``.

    Source:
        Zenke and Ganguli, Neural Computation 30 (2018).
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(input: Tensor, alpha: float) -> Tensor:
        """Return the spikes of ``input``, same shape and type."""
        return (input > 0).to(input.dtype)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        """Keep what the derivative needs."""
        input, ctx.alpha = inputs
        ctx.save_for_backward(input)
        ctx.save_for_forward(input)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> tuple[Tensor, None]:
        """Weigh the gradient by the surrogate derivative."""
        (distance,) = ctx.saved_tensors
        return grad_outputs[0] / (distance.abs() * ctx.alpha + 1.0).square(), None

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Tensor:
        """Weigh the tangent by the surrogate derivative."""
        (distance,) = ctx.saved_tensors
        tangent: Tensor = tangents[0] / (distance.abs() * ctx.alpha + 1.0).square()
        return tangent


@checked
def superspike_func(input: Tensor, alpha: float = 50.0) -> Tensor:
    """Spike where ``input`` exceeds zero, with the SuperSpike derivative.

    Args:
        input: Distance of the membrane from its threshold in model units, any shape.
        alpha: Steepness of the surrogate, positive.

    Returns:
        Zeros and ones of the shape and type of ``input``.
    """
    return SuperSpike.apply(input, alpha)  # type: ignore[no-untyped-call, no-any-return]
