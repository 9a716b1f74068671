"""What there is to draw of a handle or a tensor."""

from __future__ import annotations

from operator import index

import numpy as np
import torch
from torch import Tensor

from hxtorch.core.errors import PictureError
from hxtorch.spiking.network.handle import Handle

MICROSECOND = 1e-6


def observed(what: object, field: str) -> Tensor:
    """Return a tensor (time, batch, neuron) without its graph, on the CPU.

    Args:
        what: A handle with ``field``, or the tensor or array, which may lack the batch axis.
        field: Name of the observable.

    Raises:
        PictureError: There is none, or it has other axes.
    """
    tensor = getattr(what, field, None) if isinstance(what, Handle) else what
    if isinstance(what, Handle) and tensor is None:
        raise PictureError(
            f"{field}: got a {type(what).__name__} without it, wanted one that an experiment's run has filled; "
            "recording must be on"
        )
    if isinstance(tensor, np.ndarray) and tensor.dtype.kind in "biuf":
        tensor = torch.as_tensor(tensor)
    if not isinstance(tensor, Tensor):
        raise PictureError(f"{field}: got {type(tensor).__name__}, wanted a handle or a tensor (time, batch, neuron)")
    tensor = tensor.detach().cpu().to_dense()
    if tensor.ndim not in (2, 3) or 0 in tensor.shape:
        raise PictureError(
            f"{field}: got shape {tuple(tensor.shape)}, wanted (time, batch, neuron), none of them empty"
        )
    return (tensor if tensor.ndim == 3 else tensor.unsqueeze(1)).to(torch.float32)


def entry(tensor: Tensor, batch: int) -> Tensor:
    """Return one entry (time, neuron) of the batch.

    Raises:
        PictureError: There is no such entry.
    """
    if (number := as_index(batch)) is None or not -tensor.shape[1] <= number < tensor.shape[1]:
        raise PictureError(f"batch: got {batch!r}, wanted one of {tensor.shape[1]} entries")
    return tensor[:, number]


def as_index(value: object) -> int | None:
    """Return an integer of Python, NumPy or torch as one of Python, or None of anything else."""
    try:
        return index(value)  # type: ignore[arg-type]
    except TypeError:
        return None
