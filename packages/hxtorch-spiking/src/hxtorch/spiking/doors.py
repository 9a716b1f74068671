"""The door of this package; see :mod:`hxtorch.core.arguments`."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

from hxtorch.core.arguments import Door
from hxtorch.core.errors import ArgumentError, HXTorchError, MemoryLimitError
from hxtorch.spiking._kernels.network.finite import worst

_SMALL = 1 << 21
"""Bytes that one core looks at in less time than it takes to call others."""

_MOST = 1 << 18
"""Tensors with more numbers are inputs, where NaN shows in what comes out: to read them twice would cost time."""


def worst_of(value: object) -> int | None:
    """Return 0 for a tensor of finite numbers, 1 for one that holds infinity, 2 for one that holds NaN.

    None if something slower has to look: the kernel takes few numbers, that lie one behind the other on the CPU.
    """
    kind = type(value)
    if kind is not Tensor and kind is not Parameter:
        return None
    tensor: Any = value
    double = tensor.dtype is torch.float64
    if not (double or tensor.dtype is torch.float32) or not tensor.is_cpu or tensor.layout is not torch.strided:
        return None
    if not tensor.is_contiguous() or tensor.nbytes > _SMALL:
        return None
    try:
        return worst(tensor.data_ptr(), tensor.numel(), double)
    except RuntimeError:  # of a transform of torch.func, which has no values
        return None


def has_nan(value: object) -> bool:
    """Tell whether a tensor holds NaN; one that is too large, or has no values of its own, is taken as it is."""
    known = worst_of(value)
    if known is not None:
        return known == 2
    if not isinstance(value, Tensor) or not value.is_floating_point() or value.is_meta or value.is_sparse:
        return False
    if not 0 < value.numel() <= _MOST:
        return False
    try:
        total = float(value.detach().sum())
        return total != total and bool(value.detach().isnan().any())
    except RuntimeError:  # of a transform of torch.func, which has no values
        return False


checked = Door(HXTorchError, ArgumentError, torch.compiler.is_compiling, has_nan, MemoryLimitError)
