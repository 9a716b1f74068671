"""Drop-in replacement of ``torch.matmul``."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import torch
from torch import Tensor

from hxtorch.core import Operation, Rearrangement
from hxtorch.perceptron import constants
from hxtorch.perceptron.doors import checked
from hxtorch.perceptron.errors import OperandShapeError
from hxtorch.perceptron.operands import require_tensors
from hxtorch.perceptron.ops.mac import multiply, recorded
from hxtorch.perceptron.tracing import enter, leave, refuse
from hxtorch.perceptron.unbound import unbound


@unbound
@partial(checked, missing=("input", "other"))  # products say themselves where NaN is
def matmul(
    input: Tensor,
    other: Tensor,
    num_sends: int = 1,
    wait_between_events: int = constants.defaults.wait_between_events,
    mock: bool = False,
    madc_recording_neuron_id: int = 0,
    madc_recording_path: str = "",
) -> Tensor:
    """Multiply as ``torch.matmul`` does, in the analog core.

    Args:
        input: Activations that round to 0..31 LSB, shape (rows,) or (..., rows).
        other: Weights that round to -63..63 LSB, shape (rows,), (rows, columns) or (..., rows, columns); leading axes
            broadcast against those of ``input``.
        num_sends: As in :func:`~hxtorch.perceptron.mac`, like all that follow.
        wait_between_events: FPGA cycles of 8 ns.
        mock: Compute by the mock model.
        madc_recording_neuron_id: Column 0..255.
        madc_recording_path: CSV file, or empty.

    Returns:
        Integers -128..127 in the dtype of ``input``; shape as ``torch.matmul`` gives it.

    Raises:
        OverflowError, ValueError, NoConnectionError, RecordingError: As :func:`~hxtorch.perceptron.mac`.
    """
    require_tensors(input=input, other=other)
    if input.dim() == 0 or other.dim() == 0:
        raise OperandShapeError(
            f"matmul: got input {tuple(input.shape)} and other {tuple(other.shape)}, wanted at least one axis each"
        )
    enter(input, mock)
    x = input[None] if input.dim() == 1 else input
    weights = other[:, None] if other.dim() == 1 else other
    if weights.dim() == 2:  # one matrix: all leading axes are one batch
        batch = x.shape[:-1]
        x = x if len(batch) == 1 else x.reshape(math.prod(batch), x.shape[-1])
    else:
        refuse("a product with several matrices")
        try:
            leading = torch.broadcast_shapes(x.shape[:-2], weights.shape[:-2])  # type: ignore[no-untyped-call]
        except RuntimeError:
            raise OperandShapeError(
                f"matmul: leading axes of input {tuple(input.shape)} and other {tuple(other.shape)} do not broadcast"
            ) from None
        batch = leading + x.shape[-2:-1]
        x = x.expand(*leading, *x.shape[-2:]).reshape(-1, *x.shape[-2:])
        weights = weights.expand(*leading, *weights.shape[-2:]).reshape(-1, *weights.shape[-2:])
    result = multiply(x, weights, num_sends, wait_between_events, mock, madc_recording_neuron_id, madc_recording_path)
    if len(batch) != 1:
        result = result.reshape(*batch, weights.shape[-1])
    if other.dim() == 1:
        result = result[..., 0]
    if input.dim() == 1:
        result = result.squeeze(-2 if other.dim() > 1 else -1)
    leave("mac", lambda: _recorded(weights, num_sends, wait_between_events, vector=other.dim() == 1), result)
    return result


def _recorded(weights: Tensor, num_sends: int, wait_between_events: int, vector: bool) -> list[Operation]:
    """Return the steps with ``weights`` (rows, columns); a ``vector`` leaves no axis."""
    product = recorded(weights, num_sends, wait_between_events)
    return [product, Rearrangement((1,), np.zeros((), np.int64))] if vector else [product]
