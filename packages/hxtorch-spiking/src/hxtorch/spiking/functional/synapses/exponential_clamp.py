"""Synapses of the model whose weights approach the range of the chip smoothly."""

from __future__ import annotations

import torch
from torch import Tensor

from hxtorch.spiking.errors import ParameterError


def linear_exponential_clamp(
    inputs: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    cap: float = 1.5,
    start_weight: float = 61.0,
    quantize: bool = False,
) -> Tensor:
    r"""Weigh spikes by weights that saturate.

    A weight beyond ``start_weight`` becomes

    .. math::
        \operatorname{sign}(w) \left( w_0 + c \left( 1 - e^{-(|w| - w_0) / c} \right) \right)

    which continues the line smoothly and stays below ``start_weight + cap``, so that, other than with a hard clamp, its
    gradient does not vanish at once.

    Args:
        inputs: Spikes, floating (time, batch, in_features).
        weight: Weights in LSB (out_features, in_features).
        bias: Added to each output in each step (out_features,); the chip has none.
        cap: Room above ``start_weight``, LSB, positive.
        start_weight: Absolute weight up to which nothing changes, LSB, zero or more.
        quantize: Round the weights to whole LSB, halves away from zero, as the chip does; the gradient passes the
            rounding unchanged.

    Returns:
        Weighted spikes (time, batch, out_features).

    Raises:
        ParameterError: ``cap`` is not positive, or ``start_weight`` negative.
    """
    if not (cap > 0 and start_weight >= 0):
        raise ParameterError(
            f"cap, start_weight: got {cap}, {start_weight}, wanted a positive number and one of at least zero"
        )
    beyond = (weight.abs() - start_weight).clamp(min=0)
    clamped = weight.clamp(-start_weight, start_weight) - weight.sign() * cap * torch.expm1(-beyond / cap)
    clamped = torch.where(beyond > 0, clamped, weight)
    if quantize:
        rounded = (clamped + torch.copysign(torch.full_like(clamped, 0.5), clamped)).trunc()
        clamped = clamped + (rounded - clamped).detach()
    return torch.nn.functional.linear(inputs, clamped, bias)
