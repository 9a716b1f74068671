"""Synapses of the model whose weights approach the range of the chip smoothly."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from hxtorch.spiking.doors import checked
from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.functional.synapses.linear import linear

__all__ = ["WeightRounding", "linear_exponential_clamp"]

MAX_WEIGHT = 63


class WeightRounding(torch.autograd.Function):
    """Round weights to what synapses of the chip can be; the gradient passes unchanged.

    ``WeightRounding.apply(cap, weight)`` gives multiples of ``cap / 63``, halves away from zero.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(cap: float, weight: Tensor) -> Tensor:
        """Round.

        Args:
            cap: Weight in model units that is 63 LSB on the chip.
            weight: Weights in model units, any shape.

        Returns:
            Multiples of ``cap / 63`` of the shape of ``weight``.
        """
        lsb = weight * (MAX_WEIGHT / cap)
        return (lsb + torch.copysign(torch.full_like(lsb, 0.5), lsb)).trunc() * (cap / MAX_WEIGHT)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        """Keep nothing."""

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> tuple[None, Tensor]:
        """Hand the gradient to ``weight``."""
        return None, grad_outputs[0]


@checked
def linear_exponential_clamp(
    inputs: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    cap: float = 1.5,
    start_weight: float = 61.0,
    quantize: bool = False,
) -> Tensor:
    r"""Weigh spikes by weights that saturate where those of the chip do.

    With :math:`w_0 = c \, w_\mathrm{start} / 63` for the cap :math:`c`, a weight beyond :math:`w_0` becomes

    .. math::
        \operatorname{sign}(w) \left( w_0 + (c - w_0) \left( 1 - e^{-(|w| - w_0) / (c - w_0)} \right) \right)

    which continues the line smoothly and ends at the cap, so that, other than with a hard clamp, its gradient does not
    vanish at once.

    Args:
        inputs: Spikes, floating (time, batch, in_features).
        weight: Weights in model units (out_features, in_features).
        bias: Added to each output in each step (out_features,); the chip has none.
        cap: Bound of the weights in model units, positive: that which the transform of the synapse maps to 63 LSB, for
            ``linear_saturating`` 63 / scale.
        start_weight: Where the roll-off begins, in LSB of the chip, between 0 and 63.
        quantize: Round the weights to multiples of ``cap / 63``, as the chip does; the gradient passes the rounding.

    Returns:
        Weighted spikes (time, batch, out_features).

    Raises:
        ParameterError: ``cap`` is not positive, or ``start_weight`` not between 0 and 63.
    """
    if not (cap > 0 and 0 < start_weight < MAX_WEIGHT):
        raise ParameterError(
            f"cap, start_weight: got {cap}, {start_weight}, wanted a positive bound in model units and a weight "
            f"between 0 and {MAX_WEIGHT} LSB"
        )
    start = cap * start_weight / MAX_WEIGHT
    room = cap - start
    beyond = (weight.abs() - start).clamp(min=0)
    clamped = weight.clamp(-start, start) - weight.sign() * room * torch.expm1(-beyond / room)
    clamped = torch.where(beyond > 0, clamped, weight)
    if quantize:
        clamped = WeightRounding.apply(cap, clamped)  # type: ignore[no-untyped-call]
    return linear(inputs, clamped, bias)
