r"""Surrogate derivatives of the comparator by name.

With :math:`s = \alpha |x|`, where :math:`x` is the distance of the membrane from its threshold in model units, all are
1 at the threshold (``multi_gaussian``: 1.1), so that they can be exchanged for each other.

================== ============================================== ===================================================
name               derivative                                     source
================== ============================================== ===================================================
``superspike``     :math:`1 / (1 + s)^2`                          Zenke and Ganguli, Neural Comput. 30 (2018)
``sigmoid``        :math:`4 \sigma(s) (1 - \sigma(s))`            the logistic function's
``arctan``         :math:`1 / (1 + s^2)`                          Fang et al., ICCV (2021)
``triangular``     :math:`\max(0, 1 - s)`                         Esser et al., PNAS 113 (2016)
``gaussian``       :math:`e^{-s^2 / 2}`                           Yin et al., Nat. Mach. Intell. 3 (2021)
``boxcar``         1 up to :math:`s = 1/2`, else 0                Wu et al., Front. Neurosci. 12 (2018)
``exponential``    :math:`e^{-s}`                                 Shrestha and Orchard, NeurIPS (2018)
``multi_gaussian`` three Gaussians, negative in the tails         Yin et al., Nat. Mach. Intell. 3 (2021)
================== ============================================== ===================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from hxtorch.spiking.functional.surrogates.superspike import superspike_func

Surrogate = Callable[[Tensor, float], Tensor]
"""A comparator: a function of the distance to the threshold and the steepness."""


def _sigmoid(s: Tensor) -> Tensor:
    tail = torch.exp(-s)
    return 4.0 * tail / (1.0 + tail).square()


def _arctan(s: Tensor) -> Tensor:
    return 1.0 / (1.0 + s.square())


def _triangular(s: Tensor) -> Tensor:
    return (1.0 - s).clamp(min=0.0)


def _gaussian(s: Tensor) -> Tensor:
    return torch.exp(-0.5 * s.square())


def _boxcar(s: Tensor) -> Tensor:
    return (s <= 0.5).to(s)


def _exponential(s: Tensor) -> Tensor:
    return torch.exp(-s)


def _multi_gaussian(s: Tensor) -> Tensor:
    # Width 1 and height 1.15, minus two of six times the width, one width to the left and right (h = 0.15, s = 6).
    return 1.15 * _gaussian(s) - 0.025 * (_gaussian((s - 1.0) / 6.0) + _gaussian((s + 1.0) / 6.0))


_DERIVATIVES: Mapping[str, Callable[[Tensor], Tensor]] = MappingProxyType(
    {
        "sigmoid": _sigmoid,
        "arctan": _arctan,
        "triangular": _triangular,
        "gaussian": _gaussian,
        "boxcar": _boxcar,
        "exponential": _exponential,
        "multi_gaussian": _multi_gaussian,
    }
)


class SurrogateStep(torch.autograd.Function):
    """Heaviside step with one of the derivatives above."""

    generate_vmap_rule = True

    @staticmethod
    def forward(input: Tensor, alpha: float, name: str) -> Tensor:
        """Return the spikes of ``input``, same shape and type."""
        return (input > 0).to(input.dtype)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        """Keep what the derivative needs."""
        input, ctx.alpha, ctx.name = inputs
        ctx.save_for_backward(input)
        ctx.save_for_forward(input)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> tuple[Tensor, None, None]:
        """Weigh the gradient by the surrogate derivative."""
        (input,) = ctx.saved_tensors
        return grad_outputs[0] * _DERIVATIVES[ctx.name](ctx.alpha * input.abs()), None, None

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Tensor:
        """Weigh the tangent by the surrogate derivative."""
        (input,) = ctx.saved_tensors
        tangent: Tensor = tangents[0] * _DERIVATIVES[ctx.name](ctx.alpha * input.abs())
        return tangent


def _step(name: str, input: Tensor, alpha: float = 50.0) -> Tensor:
    return SurrogateStep.apply(input, alpha, name)  # type: ignore[no-untyped-call, no-any-return]


SURROGATES: Mapping[str, Surrogate] = MappingProxyType(
    {"superspike": superspike_func, **{name: partial(_step, name) for name in _DERIVATIVES}}
)
"""Comparators by the name that ``method`` takes, in the order of the kernels (``_kernels/steps/integration.h``)."""

_NAMES = tuple(SURROGATES)


def number(method: str | Surrogate) -> int | None:
    """Return the number by which the kernels know a comparator, or None if they do not."""
    if method is superspike_func:
        return 0
    return _NAMES.index(method) if isinstance(method, str) and method in _NAMES else None
