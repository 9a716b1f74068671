"""Noise of one tile."""

from __future__ import annotations

import torch
from torch import Tensor


def standard_normal(rows: int, columns: int, like: Tensor) -> Tensor:
    """Draw independent standard normal numbers from torch's generator of the device.

    Args:
        rows, columns: Shape of the result.
        like: Gives dtype and device.

    Returns:
        Shape (rows, columns).
    """
    return torch.randn(rows, columns, dtype=like.dtype, device=like.device)
