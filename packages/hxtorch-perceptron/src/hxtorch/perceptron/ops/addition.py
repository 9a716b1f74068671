"""Addition on int8."""

from __future__ import annotations

import torch
from torch import Tensor

from hxtorch.core import ProgramError, compute
from hxtorch.perceptron import chip, constants
from hxtorch.perceptron.doors import checked
from hxtorch.perceptron.errors import OperandShapeError
from hxtorch.perceptron.operands import Operand, require_tensors
from hxtorch.perceptron.ops.digital import rounded, saturating
from hxtorch.perceptron.ops.graft import graft
from hxtorch.perceptron.tracing import active, enter, leave
from hxtorch.perceptron.unbound import unbound

LOW, HIGH = constants.output_activation_min, constants.output_activation_max
OTHER = Operand("alpha * other", LOW, HIGH, "clamp first")


@unbound
@checked
def add(input: Tensor, other: Tensor | float, alpha: float = 1, mock: bool = False) -> Tensor:
    """Add two results of products and saturate: ``input + alpha * other``.

    Args:
        input: Values that round to -128..127.
        other: Number or tensor whose multiple by ``alpha`` rounds to -128..127; its shape broadcasts with that of
            ``input``.
        alpha: Factor of ``other``, applied before it is rounded.
        mock: Compute without a chip.

    Returns:
        Integers -128..127, broadcast shape. The gradient is that of ``torch.add``, saturated or not.

    Raises:
        OverflowError: A value is out of range.
        ValueError: Shapes or types do not fit, or a value is NaN.
        NoConnectionError: No chip is connected and ``mock`` is false.

    Source:
        Chip facts 2.4.
    """
    require_tensors(input=input)
    summand = alpha * torch.as_tensor(
        other, dtype=input.dtype if not isinstance(other, Tensor) else None, device=input.device
    )
    try:
        torch.broadcast_shapes(input.shape, summand.shape)  # type: ignore[no-untyped-call]
    except RuntimeError:
        raise OperandShapeError(
            f"add: got input {tuple(input.shape)} and other {tuple(summand.shape)}, wanted shapes that broadcast"
        ) from None
    values, addend = rounded(input, mock), rounded(summand, mock, OTHER)
    enter(input, mock)
    model = input + summand
    operation = compute.Addition(addend.cpu().numpy())
    total = (values.to(torch.int16) + addend).clamp_(LOW, HIGH) if mock else chip.apply(operation, values)
    result = graft(model, total.to(model))
    leave("add", lambda: [operation], result)
    return result


def biased(result: Tensor, bias: Tensor) -> Tensor:
    """Add ``bias`` to the result of a product and saturate; unrounded, unless the sum is recorded in a trace.

    Raises:
        ProgramError: ``bias`` holds NaN or infinity.
    """
    if not bool(bias.detach().isfinite().all()):
        raise ProgramError("bias: holds NaN or infinity, wanted finite numbers")
    return add(result, bias) if active.get() else saturating(result + bias)
