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


def graft(model: Tensor, values: Tensor) -> Tensor:
    """Return ``values`` with the gradient of ``model``; both have the same shape."""
    result: Tensor = _Graft.apply(model, values.detach())  # type: ignore[no-untyped-call]
    return result
