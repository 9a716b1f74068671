"""Index of the largest result."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from hxtorch.core import Operation, ProgramError, Rearrangement, compute
from hxtorch.perceptron import chip, constants
from hxtorch.perceptron.doors import checked
from hxtorch.perceptron.operands import require_tensors
from hxtorch.perceptron.tracing import enter, leave, refuse
from hxtorch.perceptron.unbound import unbound


@unbound
@checked
def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False, mock: bool = False) -> Tensor:
    """Find the first largest value as int8 holds them: rounded down and clipped to -128..127.

    Args:
        input: Any shape with at least one element.
        dim: Axis to search along, or None for all values flattened.
        keepdim: Keep the searched axes with length 1.
        mock: Compute without a chip.

    Returns:
        int64 indices; shape of ``input`` without ``dim``, or with length 1 there.

    Raises:
        ValueError: A value is NaN, ``input`` is empty or not floating point, or it has no axis ``dim``.
        NoConnectionError: No chip is connected and ``mock`` is false.

    Source:
        Chip facts 2.4.
    """
    require_tensors(input=input)
    axes = max(input.dim(), 1)
    if input.numel() == 0:
        raise ProgramError(f"argmax: got input of shape {tuple(input.shape)}, wanted at least one value")
    if dim is not None and not -axes <= dim < axes:
        raise ProgramError(f"argmax: got dim {dim}, wanted an axis of shape {tuple(input.shape)} or None")
    values = _as_bytes(input)
    if dim is not None and dim % axes != axes - 1:
        refuse("an argmax along another axis than the last")
    enter(input, mock)
    rows = values.reshape(1, -1) if dim is None else values.reshape(input.shape or (1,)).movedim(dim, -1)
    # unlike torch.argmax, torch.max promises the first of equal values
    indices = torch.max(rows, dim=-1).indices if mock else chip.apply(compute.ArgMax(), rows)
    if dim is None:
        result = indices.reshape([1] * input.dim() if keepdim else [])
    elif input.dim() == 0:
        result = indices.reshape([])
    else:
        result = indices.unsqueeze(dim) if keepdim else indices
    leave("argmax", lambda: _recorded(tuple(input.shape), dim, tuple(result.shape)), result)
    return result


def _as_bytes(input: Tensor) -> Tensor:
    """Return ``input`` rounded down and clipped, int8."""
    if not input.is_floating_point():
        raise ProgramError(f"input: got type {input.dtype}, wanted floating point; convert by .float()")
    if bool(input.isnan().any()):
        raise ProgramError("input: got nan, wanted numbers")
    return input.detach().floor().clamp(constants.output_activation_min, constants.output_activation_max).to(torch.int8)


def _recorded(shape: tuple[int, ...], dim: int | None, found: tuple[int, ...]) -> list[Operation]:
    """Return the steps from values of ``shape`` to indices of shape ``found``."""
    if dim is not None and shape:
        kept = Rearrangement((), np.zeros(1, np.int64))
        return [compute.ArgMax(), kept] if len(found) == len(shape) else [compute.ArgMax()]
    size = math.prod(shape)
    return [Rearrangement(shape, np.arange(size)), compute.ArgMax(), Rearrangement((), np.zeros(found, np.int64))]
