"""Record inference once, replay it without torch in between."""

from __future__ import annotations

import os
from types import TracebackType

import torch
from torch import Tensor

from hxtorch.core import MAC, Rearrangement, Sequence, current_session, load_sequence, save_sequence
from hxtorch.perceptron.doors import checked
from hxtorch.perceptron.errors import TraceError
from hxtorch.perceptron.operands import ACTIVATIONS, RESULTS
from hxtorch.perceptron.tracing import Chain, active
from hxtorch.perceptron.unbound import unbound


@checked
class InferenceTracer:
    """Recorder of operations on the chip, from :meth:`start` to :meth:`stop` or in a ``with`` statement.

    Each operation must take the result of the one before, as it is or reshaped. While a trace is recorded, biases are
    rounded to integers, as the chip's digital part adds them. Tracers nest: all that are active record.

    Args:
        filename: File that :meth:`stop` writes.
    """

    def __init__(self, filename: str | os.PathLike[str]) -> None:
        self.filename = filename
        self._chain: Chain | None = None

    def start(self) -> None:
        """Begin to record.

        Raises:
            TraceError: It is recording.
        """
        if self._chain is not None:
            raise TraceError("inference trace: this tracer is recording; stop it first")
        self._chain = Chain()
        active.set((*active.get(), self._chain))

    def stop(self) -> list[str]:
        """Write what was recorded to the file; nothing is a legal trace, which only cannot be run.

        Returns:
            Names of the operations, first one first: ``mac`` for all products, convolutions too, ``add``, ``relu``,
            ``converting_relu``, ``argmax``.

        Raises:
            TraceError: It is not recording.
        """
        chain = self._finish()
        save_sequence(Sequence(tuple(chain.operations)), self.filename)
        return chain.names

    def __enter__(self) -> InferenceTracer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.stop()
        else:
            self._finish()

    def _finish(self) -> Chain:
        """Stop recording and return what was recorded."""
        chain, self._chain = self._chain, None
        if chain is None:
            raise TraceError("inference trace: this tracer is not recording; start it first")
        active.set(tuple(other for other in active.get() if other is not chain))
        return chain


@unbound
@checked
def inference_trace(input: Tensor, filename: str | os.PathLike[str]) -> Tensor:
    """Run a recorded sequence on the chip.

    Args:
        input: What the first recorded operation takes: shape as recorded, with any batch.
        filename: File written by an :class:`InferenceTracer`; its content decides, not its name.

    Returns:
        What the last recorded operation gave: integers in the dtype of ``input``, or int64 indices after an argmax.

    Raises:
        SequenceFormatError: The file holds no sequence.
        TraceError: Nothing was recorded in it; a RuntimeError.
        FileNotFoundError: There is no such file.
        OverflowError, ValueError, NoConnectionError: As the recorded operations.
    """
    sequence, session = load_sequence(filename), current_session()
    if not sequence.operations:
        raise TraceError(f"inference trace: {filename} holds no operation; record some by an InferenceTracer")
    moved = (operation for operation in sequence.operations if not isinstance(operation, Rearrangement))
    multiplies = isinstance(next(moved, None), MAC)
    integers = (ACTIVATIONS if multiplies else RESULTS).integers(input, "half_away")
    result = torch.from_numpy(sequence.run(integers, session)).to(input.device)
    return result if result.dtype == torch.int64 else result.to(input.dtype)
