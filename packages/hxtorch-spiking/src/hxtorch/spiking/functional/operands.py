"""What operators demand of their operands before a kernel sees where these lie in memory."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from hxtorch.spiking.errors import TensorShapeError, TensorTypeError, TensorValueError

FLOATING = torch.float32, torch.float64
"""What the kernels know."""


class Operands:
    """Checks the operands of one operator.

    Args:
        operator: Its name.
        real: False where only shapes are traced: then devices do not matter.
    """

    __slots__ = ("operator", "real")

    def __init__(self, operator: str, real: bool = True) -> None:
        self.operator = operator
        self.real = real

    def numbers(self, name: str, tensor: Tensor, dtype: torch.dtype, shape: Sequence[int]) -> None:
        """Refuse an operand of another kind.

        Args:
            name: Argument, for messages.
            tensor: The operand.
            dtype: Wanted type.
            shape: Wanted shape.

        Raises:
            TensorTypeError: There is none, it has another type, is sparse, or is not on the CPU.
            TensorShapeError: It has another shape.
            TensorValueError: Its memory was given back.
        """
        self.there(name, tensor)
        if tensor.dtype is not dtype or tensor.layout is not torch.strided or (self.real and not tensor.is_cpu):
            got = f"got {tensor.dtype}, {tensor.layout} on {tensor.device}"
            raise TensorTypeError(f"{self.at(name)}: {got}, wanted {dtype}, dense on the CPU")
        if tensor.shape != shape:
            raise TensorShapeError(f"{self.at(name)}: got shape {tuple(tensor.shape)}, wanted {tuple(shape)}")
        if self.real and tensor.untyped_storage().nbytes() < _reach(tensor):
            room = tensor.untyped_storage().nbytes()
            raise TensorValueError(
                f"{self.at(name)}: got a storage of {room} bytes, wanted {_reach(tensor)}; resize it"
            )

    def there(self, name: str, tensor: Tensor | None) -> None:
        """Refuse None, which torch takes for a tensor.

        Raises:
            TensorTypeError: It is None.
        """
        if tensor is None:
            raise TensorTypeError(f"{self.at(name)}: got None, wanted a tensor")

    def maybe(
        self, names: Sequence[str], tensors: Sequence[Tensor | None], dtype: torch.dtype, shape: Sequence[int]
    ) -> None:
        """Refuse operands of another kind, unless they are missing, as :meth:`numbers` does."""
        for name, tensor in zip(names, tensors, strict=True):
            if tensor is not None:
                self.numbers(name, tensor, dtype, shape)

    def gradients(
        self, names: Sequence[str], tensors: Sequence[Tensor | None], dtype: torch.dtype, shape: Sequence[int]
    ) -> None:
        """Refuse gradients as :meth:`maybe` does; those of outputs that nobody asked for are as empty as these."""
        asked = [tensor if tensor is None or tensor.shape != (0,) else None for tensor in tensors]
        self.maybe(names, asked, dtype, shape)

    def needed(self, name: str, tensor: Tensor, dtype: torch.dtype, shape: Sequence[int], need: bool, why: str) -> None:
        """Refuse an operand as :meth:`numbers` does, but not one without numbers unless there is a ``need``.

        Raises:
            TensorShapeError: It is empty although it is needed; ``why`` says what to do.
        """
        self.there(name, tensor)
        if tensor.ndim != 1 or tensor.shape[0]:
            self.numbers(name, tensor, dtype, shape)
        elif need:
            raise TensorShapeError(f"{self.at(name)}: got none, wanted shape {tuple(shape)}; {why}")

    def floating(self, name: str, tensor: Tensor, axes: str) -> torch.dtype:
        """Return the type of an operand that decides that of the others.

        Args:
            name: Argument, for messages.
            tensor: The operand.
            axes: Names of its axes, with commas.

        Raises:
            TensorTypeError: There is none, or its type is none that the kernels know.
            TensorShapeError: It has other axes.
        """
        self.there(name, tensor)
        if tensor.dtype not in FLOATING:
            raise TensorTypeError(f"{self.at(name)}: got {tensor.dtype}, wanted torch.float32 or torch.float64")
        if tensor.ndim != axes.count(",") + 1:
            raise TensorShapeError(f"{self.at(name)}: got shape {tuple(tensor.shape)}, wanted ({axes})")
        return tensor.dtype

    def extents(self, name: str, shape: Sequence[int]) -> None:
        """Refuse other shapes than (time, batch, neuron).

        Raises:
            TensorShapeError: There are other axes, or an empty one.
        """
        if len(shape) != 3 or min(shape) < 1:
            got = tuple(shape)
            raise TensorShapeError(f"{self.at(name)}: got shape {got}, wanted (time, batch, neuron), none empty")

    def constants(self, tensor: Tensor, dtype: torch.dtype, rows: int, lanes: Sequence[int]) -> None:
        """Refuse other constants of a step than (row, lane).

        Args:
            tensor: One lane for all neurons, one per neuron, or one per batch entry and neuron.
            dtype: Wanted type.
            rows: Wanted number of rows.
            lanes: Entries of the batch, neurons.

        Raises:
            TensorTypeError, TensorShapeError: See :meth:`numbers`.
        """
        self.there("constants", tensor)
        shape = tensor.shape
        batch, size = lanes
        if tensor.ndim != 2 or shape[1] not in (1, size, batch * size):
            lane = f"{1}, {size} or {batch * size}"
            raise TensorShapeError(f"{self.at('constants')}: got shape {tuple(shape)}, wanted ({rows}, {lane})")
        self.numbers("constants", tensor, dtype, (rows, shape[1]))

    def choice(self, name: str, value: int, count: int) -> None:
        """Refuse a number that names none of ``count`` things.

        Raises:
            TensorValueError: It is negative or too large.
        """
        if not 0 <= value < count:
            raise TensorValueError(f"{self.at(name)}: got {value}, wanted 0 to {count - 1}")

    def at(self, name: str) -> str:
        """Return what messages call an argument."""
        return f"{name} of hxtorch::{self.operator}"


def _reach(tensor: Tensor) -> int:
    """Return how many bytes a storage has at least, that a tensor with numbers reads."""
    if not tensor.numel():
        return 0
    steps = (int((size - 1) * stride) for size, stride in zip(tensor.shape, tensor.stride(), strict=True))
    return (int(tensor.storage_offset()) + sum(steps) + 1) * tensor.itemsize


def ordered(tensor: Tensor) -> Tensor:
    """Return a dense tensor with its numbers in memory as they are, in the order of its axes."""
    return (tensor.resolve_neg() if tensor.is_neg() else tensor).contiguous()


def contiguous(tensor: Tensor | None) -> Tensor | None:
    """Return :func:`ordered`, None for none and for a gradient of nothing."""
    return None if tensor is None or not tensor.numel() else ordered(tensor)


def filled(tensors: Sequence[Tensor | None], like: Tensor, events: int | None = None) -> tuple[Tensor, ...]:
    """Return tensors with empty ones for None, of the type of ``like`` and the one of number ``events`` of bytes."""
    return tuple(
        like.new_empty(0, dtype=torch.uint8 if number == events else None) if tensor is None else tensor
        for number, tensor in enumerate(tensors)
    )


def require_saved(what: str, dtype: torch.dtype, shape: Sequence[int], tensors: Sequence[Tensor | None]) -> None:
    """Refuse what hooks on saved tensors made of them.

    Args:
        what: Of whose way back, for messages.
        dtype: Wanted type of numbers; bytes are events.
        shape: Wanted shape, unless there are no numbers.
        tensors: What was saved.

    Raises:
        TensorShapeError: There is another number of bytes.
    """
    numbers = math.prod(shape)
    for tensor in tensors:
        if tensor is None:
            continue
        wanted = numbers * (1 if tensor.dtype is torch.uint8 else dtype.itemsize)
        if tensor.nbytes not in (0, wanted):
            got = f"{tensor.dtype} of shape {tuple(tensor.shape)}"
            raise TensorShapeError(f"{what}: got {got} for the way back, wanted what was saved: {tuple(shape)}")
