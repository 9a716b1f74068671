"""Values from one computation, gradient from another."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class _Graft(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, model: Tensor, values: Tensor) -> Tensor:
        return values

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None


class _Ramp(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, input: Tensor, values: Tensor, active: Tensor, slope: float) -> Tensor:
        ctx.save_for_backward(active)
        ctx.slope = slope
        return values

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        (active,) = ctx.saved_tensors
        passed = gradient * active
        return passed if ctx.slope == 1 else passed * ctx.slope, None, None, None


def graft(model: Tensor, values: Tensor) -> Tensor:
    """Return ``values`` with the gradient of ``model``; both have the same shape."""
    result: Tensor = _Graft.apply(model, values.detach())  # type: ignore[no-untyped-call]
    return result


def ramp(input: Tensor, values: Tensor, active: Tensor, slope: float = 1.0) -> Tensor:
    """Return ``values`` with gradient ``slope`` towards ``input`` where ``active``, else zero; all of one shape."""
    result: Tensor = _Ramp.apply(input, values.detach(), active, slope)  # type: ignore[no-untyped-call]
    return result
