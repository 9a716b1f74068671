"""Synapses of the model: each spike adds its weight to the current of the target."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from hxtorch.spiking.doors import checked
from hxtorch.spiking.functional.steps.compiled import compilable
from hxtorch.spiking.functional.synapses import events

__all__ = ["Linear", "linear"]

_SMALL = 1 << 16
"""Products that are not worth an operator of our own."""


@checked
def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Weigh spikes.

    On the CPU, in float32 and float64, the product and its gradients take as long as there are spikes. Under automatic
    casts (``torch.autocast``) it has the shorter type, as that of ``torch.nn.Linear``.

    Args:
        input: Spikes, floating (time, batch, in_features).
        weight: Weights in model units (out_features, in_features).
        bias: Added to each output in each step (out_features,); the chip has none.

    Returns:
        Weighted spikes (time, batch, out_features).
    """
    fits = weight.ndim == 2 and input.ndim > 0 and input.shape[-1] == weight.shape[1] and input.dtype == weight.dtype
    worth = input.numel() * weight.shape[0] > _SMALL and weight.device == input.device
    if not (fits and worth and compilable(input)) or torch.is_autocast_enabled("cpu"):
        return torch.nn.functional.linear(input, weight, bias)
    output = events.weigh(input, weight)
    return output if bias is None else output + bias


class Linear(torch.autograd.Function):
    """:func:`linear` under the name and in the form that other versions of the API have it.

    ``Linear.apply(input, weight, bias)`` has the gradients of :func:`linear`.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return weighted spikes; see :func:`linear`."""
        return torch.nn.functional.linear(input, weight, bias)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        """Keep what the gradients need."""
        input, weight, *_ = inputs
        ctx.save_for_backward(input, weight)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> tuple[Tensor | None, ...]:
        """Return the gradients of what there was of input, weight and bias."""
        input, weight = ctx.saved_tensors
        (gradient,) = grad_outputs
        rows = gradient.reshape(-1, gradient.shape[-1])
        bias = rows.sum(0) if ctx.needs_input_grad[-1] and len(ctx.needs_input_grad) > 2 else None
        input, weight = input.to(gradient.dtype), weight.to(gradient.dtype)  # automatic casts made it shorter
        gradients = gradient @ weight, rows.T @ input.reshape(-1, input.shape[-1]), bias
        return gradients[: len(ctx.needs_input_grad)]
