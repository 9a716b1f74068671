"""What tensors must be to pass a module."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from hxtorch.spiking.errors import TensorShapeError, TensorTypeError, TensorValueError


def check_axes(tensor: object, what: str, size: int | None = None) -> Tensor:
    """Return a tensor over time if it is one.

    Args:
        tensor: Wanted as floating point (time, batch, neuron).
        what: Whose tensor it is, for messages.
        size: Wanted number of neurons, or None for any.

    Raises:
        TensorTypeError: It is no tensor, not of a floating type, or sparse.
        TensorShapeError: It has other axes, an empty one, or another number of neurons.
    """
    if not isinstance(tensor, Tensor):
        raise TensorTypeError(f"{what}: got {type(tensor).__name__}, wanted a torch tensor (time, batch, neuron)")
    if not tensor.is_floating_point():
        raise TensorTypeError(f"{what}: got {tensor.dtype}, wanted a floating type; convert with .to(torch.float32)")
    if tensor.layout is not torch.strided:
        raise TensorTypeError(f"{what}: got layout {tensor.layout}, wanted a dense tensor; convert with .to_dense()")
    shape = tuple(tensor.shape)
    if tensor.ndim != 3 or 0 in shape:
        raise TensorShapeError(f"{what}: got shape {shape}, wanted (time, batch, neuron), none of them empty")
    if size is not None and shape[2] != size:
        raise TensorShapeError(f"{what}: got shape {shape} with {shape[2]} neurons, wanted {size}")
    return tensor


def check_finite(tensor: Tensor, what: str) -> None:
    """Check for finite numbers.

    Raises:
        TensorValueError: There are others.
    """
    tensor = tensor.detach()
    # A sum takes a fraction of the time, and is finite unless a number is not, or all are huge.
    if not math.isfinite(tensor.sum().item()) and not bool(torch.isfinite(tensor).all()):
        raise TensorValueError(f"{what}: holds NaN or infinity, wanted finite numbers")


def check_silence(tensor: Tensor, runtime: int, what: str) -> None:
    """Check that there is no spike at or beyond the end of a run.

    Args:
        tensor: Spikes (time, batch, neuron).
        runtime: Length of the run in steps.
        what: Whose spikes they are, for messages.

    Raises:
        TensorValueError: There is one.
    """
    if len(tensor) > runtime and bool(tensor[runtime:].any()):
        late = runtime + int(tensor[runtime:].detach().flatten(1).any(1).nonzero()[0])
        raise TensorValueError(f"{what}: got a spike at step {late}, wanted all before the runtime of {runtime} steps")
