"""Index of the largest result."""

from __future__ import annotations

import torch
from torch import Tensor

from hxtorch.core import compute
from hxtorch.core.errors import ProgramError
from hxtorch.perceptron import chip
from hxtorch.perceptron.ops.digital import rounded


def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False, mock: bool = False) -> Tensor:
    """Find the first largest value after rounding.

    Args:
        input: Values that round to -128..127, any shape with at least one element.
        dim: Axis to search along, or None for all values flattened.
        keepdim: Keep the searched axes with length 1.
        mock: Compute without a chip.

    Returns:
        int64 indices; shape of ``input`` without ``dim``, or with length 1 there.

    Raises:
        OverflowError: A value is out of range.
        ValueError: A value is NaN, ``input`` is empty or not floating point, or it has no axis ``dim``.
        NoConnectionError: No chip is connected and ``mock`` is false.

    Source:
        Chip facts 2.4.
    """
    axes = max(input.dim(), 1)
    if input.numel() == 0:
        raise ProgramError(f"argmax: got input of shape {tuple(input.shape)}, wanted at least one value")
    if dim is not None and not -axes <= dim < axes:
        raise ProgramError(f"argmax: got dim {dim}, wanted an axis of shape {tuple(input.shape)} or None")
    values = rounded(input, mock)
    rows = values.reshape(1, -1) if dim is None else values.reshape(input.shape or (1,)).movedim(dim, -1)
    # unlike torch.argmax, torch.max promises the first of equal values
    indices = torch.max(rows, dim=-1).indices if mock else chip.apply(compute.ArgMax(), rows)
    if dim is None:
        return indices.reshape([1] * input.dim() if keepdim else [])
    if input.dim() == 0:
        return indices.reshape([])
    return indices.unsqueeze(dim) if keepdim else indices
