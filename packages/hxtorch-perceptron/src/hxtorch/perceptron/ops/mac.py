"""The bare analog matrix product."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from hxtorch.core import MAC, ProgramError, RecordingError
from hxtorch.perceptron import constants
from hxtorch.perceptron.doors import checked
from hxtorch.perceptron.errors import OperandShapeError
from hxtorch.perceptron.mock.parameter import in_force
from hxtorch.perceptron.operands import require_tensors, to_integers
from hxtorch.perceptron.ops.products import (
    chip_products,
    mock_products,
    multiply_by_model,
    multiply_on_chip,
    multiply_one_on_chip,
    unseen,
)
from hxtorch.perceptron.tracing import enter, leave
from hxtorch.perceptron.unbound import unbound


@unbound
@partial(checked, missing=("x", "weights"))  # products say themselves where NaN is
def mac(
    x: Tensor,
    weights: Tensor,
    num_sends: int = 1,
    wait_between_events: int = constants.defaults.wait_between_events,
    mock: bool = False,
    madc_recording_neuron_id: int = 0,
    madc_recording_path: str = "",
) -> Tensor:
    """Multiply one vector, or a batch of them, with one matrix in the analog core.

    The matrix is cut into tiles of 128 rows and 256 columns; each gives int8, which are added and saturate again. The
    gradient is that of ``num_sends * gain * x @ weights`` with the gain of
    :func:`~hxtorch.perceptron.get_mock_parameter`.

    Args:
        x: Activations that round to 0..31 LSB, shape (rows,) or (batch, rows).
        weights: Weights that round to -63..63 LSB, shape (rows, columns).
        num_sends: How often to send x, at least 1: multiplies the result.
        wait_between_events: FPGA cycles of 8 ns between two events, at least 1.
        mock: Compute by the mock model instead of the chip. Halves then round to even instead of away from zero.
        madc_recording_neuron_id: Column 0..255 of the matrix; the membrane of its neuron is recorded by MADC while the
            first tile runs, on the upper hemisphere.
        madc_recording_path: CSV file that the recording is appended to; empty to record nothing.

    Returns:
        Integers -128..127 in the dtype of x, shape (columns,) or (batch, columns).

    Raises:
        OverflowError: An activation or a weight is out of range.
        OperandShapeError: Shapes do not fit; a RuntimeError and a ValueError.
        ValueError: A type or a count does not fit, or a value is NaN.
        NoConnectionError: No chip is connected and ``mock`` is false.
        RecordingError: A recording is asked for in mock mode, or of a neuron that takes no part.

    Source:
        Chip facts 2.4.
    """
    require_tensors(input=x, weight=weights)
    if weights.dim() != 2 or x.dim() not in (1, 2):
        raise OperandShapeError(
            f"mac: got input {tuple(x.shape)} and weight {tuple(weights.shape)}, "
            "wanted (rows,) or (batch, rows) and (rows, columns)"
        )
    enter(x, mock)
    vectors = x if x.dim() == 2 else x[None]
    products = multiply(
        vectors, weights, num_sends, wait_between_events, mock, madc_recording_neuron_id, madc_recording_path
    )
    result = products if x.dim() == 2 else products[0]
    leave("mac", lambda: [recorded(weights, num_sends, wait_between_events)], result)
    return result


def multiply(
    x: Tensor,
    weights: Tensor,
    num_sends: int,
    wait_between_events: int,
    mock: bool,
    madc_recording_neuron_id: int = 0,
    madc_recording_path: str = "",
) -> Tensor:
    """Multiply x (batch, rows) and weights (rows, columns) as :func:`mac` does, or pairs of them along a first axis."""
    x, weights = in_types_of_the_chip(x, weights)
    _check_fit(x, weights)
    check_product(x, weights, num_sends, wait_between_events)
    recording = madc_recording_neuron_id, madc_recording_path
    one, short = weights.dim() == 2, unseen(x, weights)
    if one and short and not mock:
        return multiply_one_on_chip(x, weights, num_sends, wait_between_events, *recording)
    if one:
        x, weights = x[None], weights[None]
    parameter, gain = in_force()
    if not mock:
        product = multiply_on_chip if short else chip_products
        result = product(x, weights, gain, num_sends, wait_between_events, *recording)
    elif madc_recording_path:
        raise RecordingError(
            "madc_recording_path: the mock model has no membrane to record; run on the chip or leave it empty"
        )
    else:
        product = multiply_by_model if short else mock_products
        result = product(x, weights, gain, num_sends, parameter.noise_std, parameter.event_noise_std)
    return result[0] if one else result


def in_types_of_the_chip(x: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Return operands that autocast made short as float32: the chip has the types of its own."""
    if not torch.is_autocast_enabled(x.device.type):
        return x, weights
    short = torch.float16, torch.bfloat16
    return tuple(operand.float() if operand.dtype in short else operand for operand in (x, weights))  # type: ignore[return-value]


def recorded(weights: Tensor, num_sends: int, wait_between_events: int) -> MAC:
    """Return the product with ``weights`` (rows, columns) as it is recorded."""
    return MAC(to_integers(weights).cpu().numpy(), num_sends, wait_between_events)


def _check_fit(x: Tensor, weights: Tensor) -> None:
    vectors, matrix = x.shape, weights.shape
    if vectors[-1] != matrix[-2] or vectors[:-2] != matrix[:-2] or 0 in matrix:
        raise OperandShapeError(
            f"product: got input {tuple(vectors[-2:])} times weight {tuple(matrix[-2:])}, "
            "wanted (batch, rows) times (rows, columns), rows and columns at least 1"
        )


def check_product(x: Tensor, weights: Tensor, num_sends: int, wait_between_events: int) -> None:
    """Refuse types that do not go together, and counts that are none."""
    if not x.is_floating_point():
        raise ProgramError(f"input: got type {x.dtype}, wanted floating point; convert by .float()")
    if x.dtype != weights.dtype or x.device != weights.device:
        raise ProgramError(
            f"product: got input {x.dtype} on {x.device} and weight {weights.dtype} on {weights.device}, "
            "wanted the same type and device"
        )
    for name, count in (("num_sends", num_sends), ("wait_between_events", wait_between_events)):
        if not isinstance(count, int) or not 1 <= count < 2**32:
            raise ProgramError(f"{name}: got {count!r}, wanted an int of at least 1 and below 2**32")
