"""Chains of operations while they run: what :class:`~hxtorch.perceptron.InferenceTracer` listens to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import ContextVar

import torch
from torch import Tensor

from hxtorch.core import Operation, Rearrangement
from hxtorch.perceptron.errors import TraceError


class Chain:
    """Operations of which each took the result of the one before.

    Attributes:
        operations: First one first.
        names: What was called, first one first: ``mac`` for all products, ``add``, ``relu``, ``converting_relu``,
            ``argmax``.
    """

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.names: list[str] = []
        self._last: Tensor | None = None
        self._copy: Tensor | None = None
        self._reshape: list[Operation] = []

    def follow(self, input: Tensor) -> None:
        """Make sure that ``input`` is the last result, as it was or in another shape.

        Raises:
            TraceError: It is something else, so a step between was not recorded.
        """
        last, copy = self._last, self._copy
        self._reshape = []
        if last is None or copy is None:
            return
        same_memory = (
            input.untyped_storage().data_ptr() == last.untyped_storage().data_ptr()
            and input.storage_offset() == last.storage_offset()
            and input.numel() == last.numel()
            and (input.stride() == last.stride() or (input.is_contiguous() and last.is_contiguous()))
        )
        if not same_memory or not torch.equal(input.detach().flatten(), copy.flatten()):
            raise TraceError(
                "inference trace: the input is not the result of the operation before, so a step between them is not "
                "recorded; use operations of hxtorch.perceptron only, or another tracer for what follows"
            )
        if input.shape != last.shape:
            self._reshape = [_reshape(tuple(last.shape), tuple(input.shape))]

    def add(self, name: str, operations: Iterable[Operation], result: Tensor) -> None:
        """Append ``operations`` on the input that :meth:`follow` took; the last of them gave ``result``."""
        self.names.append(name)
        self.operations += [*self._reshape, *operations]
        self._last, self._copy = result, result.detach().clone(memory_format=torch.contiguous_format)


active: ContextVar[tuple[Chain, ...]] = ContextVar("hxtorch_inference_traces", default=())


def enter(input: Tensor, mock: bool) -> None:
    """Announce an operation on ``input`` to all active chains, before anything is sent.

    Raises:
        TraceError: It cannot be recorded.
    """
    for chain in active.get():
        if mock:
            raise TraceError("inference trace: the mock model cannot be replayed; trace with mock=False")
        chain.follow(input)


def leave(name: str, operations: Callable[[], Iterable[Operation]], result: Tensor) -> None:
    """Tell all active chains what gave ``result``; ``operations`` is called only if one is active."""
    chains = active.get()
    if chains:
        done = list(operations())
        for chain in chains:
            chain.add(name, done, result)


def refuse(what: str) -> None:
    """Refuse an operation that has no form in a sequence.

    Raises:
        TraceError: A trace is being recorded.
    """
    if active.get():
        raise TraceError(f"inference trace: {what} cannot be recorded")


def _reshape(old: tuple[int, ...], new: tuple[int, ...]) -> Rearrangement:
    """Return the step from ``old`` to ``new``; axes that both begin with are a batch."""
    shared = 0
    while shared < min(len(old), len(new)) and old[shared] == new[shared]:
        shared += 1
    return Rearrangement.of(lambda values: values.reshape(new[shared:]), old[shared:])
