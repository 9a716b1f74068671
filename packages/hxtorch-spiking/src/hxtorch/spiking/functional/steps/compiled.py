"""When the compiled kernels take over from torch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor
from torch.autograd import forward_ad

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
        _TORCH_ONLY.get()
        or torch._C._are_functorch_transforms_active()
        or forward_ad._current_level >= 0
        or tensor.is_neg()  # whose numbers in memory have another sign
    )


def full_precision(tensor: Tensor) -> Tensor:
    """Return a tensor in single precision if autocast made it a shorter one: membranes are sums of many steps."""
    if tensor.dtype in (torch.float16, torch.bfloat16) and torch.is_autocast_enabled(tensor.device.type):
        return tensor.float()
    return tensor


def traced(tensor: Tensor) -> bool:
    """Return whether ``tensor`` belongs to a graph that is traced: then operators must go through torch's dispatcher.

    Else they need not, which takes a fraction of the time.
    """
    return torch.compiler.is_compiling() or type(tensor) not in (Tensor, torch.nn.Parameter)
