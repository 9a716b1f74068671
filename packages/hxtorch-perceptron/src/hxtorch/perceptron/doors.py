"""The door of this package; see :mod:`hxtorch.core.arguments`."""

import torch
from torch import Tensor

from hxtorch.core.arguments import Door
from hxtorch.core.errors import ArgumentError, HXTorchError, MemoryLimitError

_MOST = 1 << 18
"""Tensors with more numbers are inputs, where NaN shows in what comes out: to read them twice would cost time."""


def has_nan(value: object) -> bool:
    """Tell whether a tensor holds NaN; one that is too large, or has no values of its own, is taken as it is."""
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
