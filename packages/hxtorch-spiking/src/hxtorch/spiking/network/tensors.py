"""What tensors must be to pass a module, and how they leave it."""

from __future__ import annotations

import math
from copy import deepcopy
from typing import Any, Protocol, SupportsIndex

import numpy as np
import torch
from torch import Tensor

from hxtorch.spiking.doors import worst_of
from hxtorch.spiking.errors import TensorShapeError, TensorTypeError, TensorValueError


class Named(Protocol):
    """What is called by its label in messages, which is made only if there is one."""

    @property
    def label(self) -> str:
        """The name."""


def check_axes(tensor: object, what: Named | str, size: int | None = None) -> Tensor:
    """Return a tensor over time if it is one, with a batch of one entry if it has none.

    Args:
        tensor: Wanted as floating point (time, batch, neuron), or (time, neuron) for one batch entry.
        what: Whose tensor it is, for messages; the input of a module.
        size: Wanted number of neurons, or None for any.

    Raises:
        TensorTypeError: It is no tensor, not of a floating type, or sparse.
        TensorShapeError: It has other axes, an empty one, or another number of neurons.
    """
    if isinstance(tensor, Tensor) and tensor.is_floating_point() and tensor.layout is torch.strided:
        shape = tensor.shape
        if len(shape) in (2, 3) and 0 not in shape and size in (None, shape[-1]):
            return tensor if len(shape) == 3 else tensor.unsqueeze(1)
    what = what if isinstance(what, str) else f"input of {what.label}"
    if not isinstance(tensor, Tensor):
        raise TensorTypeError(f"{what}: got {type(tensor).__name__}, wanted a torch tensor (time, batch, neuron)")
    if not tensor.is_floating_point():
        raise TensorTypeError(f"{what}: got {tensor.dtype}, wanted a floating type; convert with .to(torch.float32)")
    if tensor.layout is not torch.strided:
        raise TensorTypeError(f"{what}: got layout {tensor.layout}, wanted a dense tensor; convert with .to_dense()")
    shape = tensor.shape
    if len(shape) not in (2, 3) or 0 in shape:
        raise TensorShapeError(f"{what}: got shape {tuple(shape)}, wanted (time, batch, neuron), none of them empty")
    raise TensorShapeError(f"{what}: got shape {tuple(shape)} with {shape[-1]} neurons, wanted {size}")


def check_finite(tensor: Tensor, what: str) -> None:
    """Check for finite numbers.

    Raises:
        TensorValueError: There are others.
    """
    if worst_of(tensor) == 0:
        return
    tensor = tensor.detach()
    while torch._C._functorch.is_functorch_wrapped_tensor(tensor):
        if torch._C._functorch.is_batchedtensor(tensor):  # of torch.func.vmap, which lets nobody look at numbers
            return
        tensor = torch._C._functorch.get_unwrapped(tensor)
    # A sum takes a fraction of the time, and is finite unless a number is not, or all are huge.
    if not math.isfinite(tensor.sum().item()) and not bool(torch.isfinite(tensor).all()):
        at = tuple((~torch.isfinite(tensor)).nonzero()[0].tolist())
        raise TensorValueError(f"{what}: holds NaN or infinity, wanted finite numbers; the first is at {at}")


def copied(value: Any, memo: dict[int, Any]) -> Any:
    """Return a deep copy; torch has none of tensors that were computed with a graph."""
    if isinstance(value, Tensor) and not value.is_leaf:
        return memo.setdefault(id(value), value.detach().clone())
    return deepcopy(value, memo)


def same(one: Any, other: Any) -> bool:
    """Return whether two values are equal; tensors by type, shape and values."""
    if one is other:
        return True
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return one.shape == other.shape and one.dtype == other.dtype and torch.equal(one, other)
    return bool(type(one) is type(other) and not isinstance(one, Tensor) and one == other)


class Trace(Tensor):
    """A tensor (time, batch, neuron) that matplotlib draws as it is, ``plt.plot(z.membrane_cadc)``, gradient or not.

    What is computed from it, and what is read from a file, is a plain tensor.
    """

    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]  # of torch

    def to_numpy(self) -> np.ndarray:
        """Return a column for each neuron of each entry, (time, batch * neuron); matplotlib asks for it."""
        return self.detach().cpu().flatten(1).numpy()

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        return self.as_subclass(Tensor).__reduce_ex__(protocol)  # type: ignore[no-untyped-call]

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        return copied(self.as_subclass(Tensor), memo)  # type: ignore[no-any-return]
