"""Memory for large results."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def empty_like(like: Tensor, dtype: torch.dtype | None = None, shape: Sequence[int] | None = None) -> Tensor:
    """Return a tensor of the type of ``like`` with undefined values.

    Args:
        like: Tells the type and shape.
        dtype: Another type.
        shape: Another shape.
    """
    return torch.empty(like.shape if shape is None else shape, dtype=dtype or like.dtype)
