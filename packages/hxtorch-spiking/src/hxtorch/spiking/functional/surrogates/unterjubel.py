"""Foist measured values on the numerics."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

__all__ = ["Unterjubel", "inject"]


class Unterjubel(torch.autograd.Function):
    """Give out a measured value and pass the gradient to the computed one.

    ``Unterjubel.apply(computed, measured)`` has the values of ``measured`` and the derivative one with respect to
    ``computed``: training sees what the chip did and differentiates what the model would have done.

    Source:
        In-the-loop training, Cramer et al., PNAS 119 (2022).
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(input_true: Tensor, input_prime: Tensor) -> Tensor:
        """Return ``input_prime``, both inputs of the same shape."""
        return input_prime.view_as(input_prime)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        """Keep nothing."""

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> tuple[Tensor, None]:
        """Hand the gradient to ``input_true``."""
        return grad_outputs[0], None

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Tensor:
        """Hand on the tangent of ``input_true``."""
        tangent: Tensor = tangents[0]
        return tangent.view_as(tangent)


def inject(computed: Tensor, measured: Tensor | None) -> Tensor:
    """Return ``computed`` with the values of ``measured``, or as it is if nothing was measured."""
    return computed if measured is None else Unterjubel.apply(computed, measured)  # type: ignore[no-untyped-call]
