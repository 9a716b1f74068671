"""Memory for large results."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from hxtorch.core.memory import SMALL, require_memory
from hxtorch.spiking._kernels.native.memory import Block, kept

_LARGE = 1 << 17
"""Bytes from which on a tensor gets memory that is used again; smaller ones the system reuses by itself."""


def empty_like(like: Tensor, dtype: torch.dtype | None = None, shape: Sequence[int] | None = None) -> Tensor:
    """Return a tensor on the CPU with undefined values, in memory that was used before if there is some.

    Fresh pages of large tensors cost more time than to compute what goes into them.

    Args:
        like: Tells the type and shape.
        dtype: Another type.
        shape: Another shape.
    """
    if shape is None and dtype is None and like.nbytes < _LARGE and like.is_contiguous():
        return torch.empty_like(like)
    return empty(like.shape if shape is None else shape, dtype or like.dtype)


def empty(shape: Sequence[int], dtype: torch.dtype = torch.float32) -> Tensor:
    """Return a tensor as :func:`empty_like` does.

    Raises:
        MemoryLimitError: There is no room for it.
    """
    size = math.prod(shape) * dtype.itemsize
    if size < _LARGE:
        return torch.empty(shape, dtype=dtype)
    require_room(f"a tensor {tuple(shape)}", shape, size)
    return torch.frombuffer(Block(size), dtype=dtype).view(shape)


def zeros(shape: Sequence[int]) -> Tensor:
    """Return a float32 tensor of zeros, made as :func:`empty_like` does; raises as :func:`empty`."""
    if math.prod(shape) * torch.float32.itemsize < _LARGE:
        return torch.from_numpy(np.zeros(shape, np.float32))  # without torch's way to an operator
    return empty(shape).zero_()


def require_room(what: str, shape: Sequence[int], size: int) -> None:
    """Refuse what has no room on the CPU.

    Args:
        what: For messages.
        shape: (time, batch, neuron), or the batch first.
        size: Bytes of all of it.

    Raises:
        MemoryLimitError: There is no room for it; says how many batch entries would fit.
    """
    if size > SMALL:
        batch = shape[1] if len(shape) == 3 else shape[0]
        require_memory(what, size // batch, batch, "take smaller batches", again=kept())
