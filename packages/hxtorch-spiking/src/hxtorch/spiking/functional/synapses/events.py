"""The compiled product of spikes and weights as an operator of torch: it looks at spikes only.

``hxtorch::weigh`` is ``spikes @ weight.T`` for CPU tensors in float32 and float64. Where many of the numbers are zero,
the product and the gradient of the weights cost what the others cost; else all numbers are multiplied
(:mod:`hxtorch.spiking.functional.products`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from hxtorch.spiking.errors import TensorTypeError
from hxtorch.spiking.functional import products
from hxtorch.spiking.functional.operands import Operands, filled, ordered, require_saved
from hxtorch.spiking.functional.steps.compiled import compilable, traced
from hxtorch.spiking.functional.steps.operators import LIBRARY, define

_WORTH_A_SCAN = 1 << 14
"""Of fewer numbers a scan is not worth remembering."""


def holds_spikes(tensor: Tensor, targets: int) -> bool:
    """Return whether all numbers are known to be 0 or 1.

    That takes as long as to check for finite numbers, which this does too. A product looks again: until then somebody
    may have written to the memory of the tensor without its knowing.

    Args:
        tensor: Spikes, last axis source.
        targets: Number of targets of the product to come.

    Returns:
        False if there are other numbers, or nobody looked because it does not pay.
    """
    if targets < products.MANY_TARGETS or tensor.numel() < _WORTH_A_SCAN or type(tensor) is not Tensor:
        return False
    if not compilable(tensor) or not tensor.is_contiguous() or tensor.is_inference():
        return False
    return not products.find(tensor).graded


def _forward(spikes: Tensor, weight: Tensor) -> tuple[Tensor, Tensor | None]:
    """Return the product (row, target) and the bits of the spikes, with their number and whether they are graded."""
    spikes = spikes.contiguous()
    found = products.find_for(spikes, weight.shape[0])
    return products.weigh(spikes, weight, found), found.bits


def _backward(
    gradient: Tensor, spikes: Tensor, weight: Tensor, bits: Tensor | None, to_spikes: bool, to_weight: bool
) -> tuple[Tensor | None, Tensor | None]:
    """Return the gradients of spikes and weight, None where they are not wanted."""
    gradient, weight = ordered(gradient), weight.contiguous()
    grad_spikes = products.spread(gradient, weight) if to_spikes else None
    return grad_spikes, products.collect(gradient, spikes, products.Found.again(bits)) if to_weight else None


def _checked_forward(spikes: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Refuse operands that do not belong together, and do what :func:`_forward` does."""
    _check("weigh", spikes, weight)
    product, bits = _forward(spikes, weight)
    return product, spikes.new_empty(0, dtype=torch.int64) if bits is None else bits


def _checked_backward(
    gradient: Tensor, spikes: Tensor, weight: Tensor, bits: Tensor, to_spikes: bool, to_weight: bool
) -> tuple[Tensor, ...]:
    """Refuse operands that do not belong together, and do what :func:`_backward` does."""
    operands = _check("weigh_backward", spikes, weight)
    rows, sources = spikes.shape
    operands.numbers("gradient", gradient, weight.dtype, (rows, weight.shape[0]))
    operands.needed("bits", bits, torch.int64, (products.words(rows, sources),), False, "")
    with torch.no_grad():  # also if a gradient of these would be wanted, which there is none of
        return filled(_backward(gradient, spikes.contiguous(), weight, bits.contiguous(), to_spikes, to_weight), weight)


def _check(operator: str, spikes: Tensor, weight: Tensor, real: bool = True) -> Operands:
    """Refuse spikes and weights that do not belong together."""
    operands = Operands(operator, real)
    dtype = operands.floating("spikes", spikes, "row, source")
    operands.floating("weight", weight, "target, source")
    operands.numbers("spikes", spikes, dtype, spikes.shape)
    operands.numbers("weight", weight, dtype, (weight.shape[0], spikes.shape[1]))
    return operands


def _forward_shapes(spikes: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    _check("weigh", spikes, weight, real=False)
    (rows, sources), targets = spikes.shape, weight.shape[0]
    words = 0 if targets < products.MANY_TARGETS or sources == 0 else products.words(rows, sources)
    bits = spikes.new_empty(words, dtype=torch.int64)
    return spikes.new_empty((rows, targets)), bits


def _backward_shapes(
    gradient: Tensor, spikes: Tensor, weight: Tensor, bits: Tensor, to_spikes: bool, to_weight: bool
) -> tuple[Tensor, Tensor]:
    shape = (spikes.shape[0], weight.shape[1])
    return weight.new_empty(shape if to_spikes else 0), weight.new_empty(weight.shape if to_weight else 0)


def _keep(ctx: Any, inputs: tuple[Tensor, Tensor], output: tuple[Tensor, Tensor]) -> None:
    ctx.save_for_backward(*inputs, output[1])
    ctx.mark_non_differentiable(output[1])
    ctx.set_materialize_grads(False)


def _adjoint(
    ctx: Any, gradient: Tensor | None, _: Tensor | None = None, checked: bool = True
) -> tuple[Tensor | None, Tensor | None]:
    if gradient is None:
        return None, None
    to_spikes, to_weight = ctx.needs_input_grad[:2]
    saved: tuple[Tensor, Tensor, Tensor | None] = ctx.saved_tensors
    whole, weight, bits = saved
    spikes, gradient = whole.reshape(-1, whole.shape[-1]), gradient.reshape(-1, weight.shape[0])
    if torch.is_grad_enabled() and not torch.compiler.is_compiling():  # whose gradients shall have gradients
        grad_spikes = (gradient @ weight).reshape(whole.shape) if to_spikes else None
        return grad_spikes, gradient.T @ spikes if to_weight else None
    back: Callable[..., tuple[Tensor | None, Tensor | None]] = _backward
    if checked or traced(weight):
        back, bits = torch.ops.hxtorch.weigh_backward, spikes.new_empty(0, dtype=torch.int64) if bits is None else bits
    else:
        shape = gradient.shape[0], weight.shape[1]
        if spikes.shape != shape or not spikes.dtype is weight.dtype is gradient.dtype:  # hooks made it something else
            require_saved("product of spikes", weight.dtype, shape, (spikes,))
            raise TensorTypeError(f"product of spikes: got {weight.dtype} for the way back, wanted {gradient.dtype}")
        require_saved("bits of spikes", torch.int64, (products.words(*shape),), (bits,))
    grad_spikes, grad_weight = back(gradient, spikes, weight, bits, to_spikes, to_weight)
    arrived = grad_spikes.view(whole.shape) if to_spikes and grad_spikes is not None else None
    return arrived, grad_weight if to_weight else None


define("weigh(Tensor spikes, Tensor weight) -> (Tensor output, Tensor bits)", _checked_forward, _forward_shapes)
define(
    "weigh_backward(Tensor gradient, Tensor spikes, Tensor weight, Tensor bits, bool to_spikes, bool to_weight) "
    "-> (Tensor grad_spikes, Tensor grad_weight)",
    _checked_backward,
    _backward_shapes,
)
torch.library.register_autograd("hxtorch::weigh", _adjoint, setup_context=_keep, lib=LIBRARY)

OPERATOR = torch.ops.hxtorch.weigh.default
"""``hxtorch::weigh``; the second output is what the way back needs."""


class _Product(torch.autograd.Function):
    """The operator without torch's dispatcher."""

    @staticmethod
    def forward(ctx: Any, spikes: Tensor, weight: Tensor) -> Tensor:
        product, bits = _forward(spikes.reshape(-1, spikes.shape[-1]), weight)
        ctx.save_for_backward(spikes, weight, bits)
        ctx.set_materialize_grads(False)
        return product.view(*spikes.shape[:-1], weight.shape[0])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor | None) -> tuple[Tensor | None, ...]:
        return _adjoint(ctx, gradient, checked=False)


def weigh(spikes: Tensor, weight: Tensor) -> Tensor:
    """Call :data:`OPERATOR` the shortest way.

    Args:
        spikes: (..., source).
        weight: (target, source).

    Returns:
        The product (..., target).
    """
    if not traced(spikes):
        return _Product.apply(spikes, weight)  # type: ignore[no-untyped-call, no-any-return]
    product: Tensor = OPERATOR(spikes.reshape(-1, spikes.shape[-1]), weight)[0]
    return product.reshape(*spikes.shape[:-1], weight.shape[0])
