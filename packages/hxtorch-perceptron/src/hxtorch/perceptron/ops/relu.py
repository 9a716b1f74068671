"""Rectifiers on int8."""

from __future__ import annotations

from torch import Tensor

from hxtorch.core import ProgramError, compute
from hxtorch.perceptron import chip, constants
from hxtorch.perceptron.doors import checked
from hxtorch.perceptron.ops.digital import rounded
from hxtorch.perceptron.ops.graft import ramp
from hxtorch.perceptron.tracing import enter, leave
from hxtorch.perceptron.unbound import unbound

ACTIVATION_MAX = constants.input_activation_max


@unbound
@checked
def relu(input: Tensor, mock: bool = False) -> Tensor:
    """Set what is negative to zero.

    Args:
        input: Values that round to -128..127, any shape.
        mock: Compute without a chip.

    Returns:
        Integers 0..127, shape and dtype of ``input``; gradient of ``torch.relu``.

    Raises:
        OverflowError: A value is out of range.
        ValueError: A value is NaN, or ``input`` is not floating point.
        NoConnectionError: No chip is connected and ``mock`` is false.

    Source:
        Chip facts 2.4.
    """
    values = rounded(input, mock)
    enter(input, mock)
    rectified = values.clamp(min=0) if mock else chip.apply(compute.ReLU(), values)
    result = ramp(input, rectified.to(input.dtype), active=input.detach() > 0)
    leave("relu", lambda: [compute.ReLU()], result)
    return result


@unbound
@checked
def converting_relu(input: Tensor, shift: int = 2, mock: bool = False) -> Tensor:
    """Rectify results of a product into activations of the next one: ``min(max(input, 0) >> shift, 31)``.

    Args:
        input: Values that round to -128..127, any shape.
        shift: Bits to shift to the right, 0..7.
        mock: Compute without a chip.

    Returns:
        Integers 0..31, shape and dtype of ``input``. The gradient is ``2 ** -shift`` between zero and saturation, else
        zero.

    Raises:
        OverflowError, ValueError, NoConnectionError: As :func:`relu`; ``ValueError`` also for ``shift``.

    Source:
        Chip facts 2.4.
    """
    if not isinstance(shift, int):
        raise ProgramError(f"shift: got {shift!r}, wanted an integer from 0 to 7")
    operation = compute.ConvertingReLU(shift)
    values = rounded(input, mock)
    enter(input, mock)
    shifted = (values.clamp(min=0) >> shift).clamp_(max=ACTIVATION_MAX) if mock else chip.apply(operation, values)
    saturated = ((ACTIVATION_MAX + 1) << shift) - 0.5  # from here on all activations are 31
    active = (input.detach() > 0) & (input.detach() < saturated)
    result = ramp(input, shifted.to(input.dtype), active, slope=2.0**-shift)
    leave("converting_relu", lambda: [operation], result)
    return result
