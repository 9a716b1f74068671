"""Arrays of whatever users hold: NumPy's, lists, and tensors of torch, which this package does not import."""

from __future__ import annotations

from typing import Any

import numpy as np


def as_array(values: Any) -> np.ndarray:
    """Return ``values`` as an array.

    Args:
        values: Anything that NumPy can read; of a tensor the values count, whether it is trained, sparse or on another
            device.
    """
    if getattr(values, "is_sparse", False) or getattr(values, "is_sparse_csr", False):
        values = values.to_dense()
    if hasattr(values, "detach"):
        values = values.detach().cpu()
    return np.asarray(values)
