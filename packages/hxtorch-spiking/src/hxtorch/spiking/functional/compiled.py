"""When the compiled kernels take over from torch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor
from torch.autograd import forward_ad

LIBRARY = torch.library.Library("hxtorch", "FRAGMENT")
"""Where the operators are defined."""

_TORCH_ONLY = ContextVar("hxtorch_torch_only", default=False)


@contextmanager
def step_by_step() -> Iterator[None]:
    """Compute in torch, also where compiled steps could take over: for second derivatives, and to compare."""
    token = _TORCH_ONLY.set(True)
    try:
        yield
    finally:
        _TORCH_ONLY.reset(token)


def compilable(tensor: Tensor) -> bool:
    """Return whether compiled kernels may take ``tensor``.

    They know the CPU, float32 and float64. Forward differentiation and the transforms of ``torch.func`` go through the
    operations of torch.
    """
    if tensor.device.type != "cpu" or tensor.dtype not in (torch.float32, torch.float64):
        return False
    return torch.compiler.is_compiling() or not (
        _TORCH_ONLY.get() or torch._C._are_functorch_transforms_active() or forward_ad._current_level >= 0
    )


def address(tensor: Tensor | None) -> int:
    """Return where the numbers of a contiguous tensor lie, 0 for none."""
    return 0 if tensor is None or not tensor.numel() else tensor.data_ptr()
