"""Rectifiers on int8."""

from __future__ import annotations

from torch import Tensor

from hxtorch.core import compute
from hxtorch.perceptron import chip, constants
from hxtorch.perceptron.ops.digital import rounded
from hxtorch.perceptron.ops.graft import graft
from hxtorch.perceptron.tracing import enter, leave

ACTIVATION_MAX = constants.input_activation_max


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
    result = graft(input.relu(), values.relu() if mock else chip.apply(compute.ReLU(), values).to(values))
    leave(lambda: [compute.ReLU()], result)
    return result


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
    operation = compute.ConvertingReLU(shift)
    values = rounded(input, mock)
    enter(input, mock)
    scale = 2.0**-shift
    if mock:
        activations = (values.relu() * scale).floor().clamp(max=ACTIVATION_MAX)
    else:
        activations = chip.apply(operation, values).to(values)
    saturated = (ACTIVATION_MAX + 1) / scale - 0.5  # what rounds to this or more stays at the upper end
    result = graft(input.relu().clamp(max=saturated) * scale, activations)
    leave(lambda: [operation], result)
    return result
