"""A connection that fails now and then, as ways to real chips do.

Whether code bears that is tried by::

    with open_session() as real:
        faulty = FaultyConnection(real.connection, 0.1, seed=1)
        with Session(faulty, real.setup):
            ...  # what is to be tried
        print(faulty.faults)

Errors of the way to the chip are tried again, so that most code sees nothing of them but a delay, and gets the same
results; see :mod:`hxtorch.core.backends.exchange`. The other faults come out as a ``BackendError``.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from hxtorch.core.arguments import checked
from hxtorch.core.errors import ArgumentError, TransportError
from hxtorch.core.interfaces import Connection, CountsRuns, HoldsRegisters
from hxtorch.core.seam.configuration import ChipConfiguration
from hxtorch.core.seam.programs import MatrixProgram, SpikingProgram
from hxtorch.core.seam.results import MatrixResult, SpikeEvents, SpikingResult

Program = TypeVar("Program", SpikingProgram, MatrixProgram)
Result = TypeVar("Result", SpikingResult, MatrixResult)

FAULTS = ("transport", "lost", "crash", "damaged")
"""Kinds: the way to the chip fails before a run, or after it, and the result is lost; the backend raises an error that
is not of hxtorch; it returns a result with times or shapes that can not be."""


class FaultyConnection:
    """A connection some of whose runs fail; all else is that of the connection behind it.

    Not safe in several threads by itself: a session's lock makes it so.

    Args:
        connection: An open chip. Closing this connection closes it.
        probability: Of a fault in a run, 0 to 1.
        kinds: Which faults, of :data:`FAULTS`; each as likely as the others.
        seed: The same seed gives the same faults in the same runs.

    Attributes:
        faults: How often each kind has happened.

    Raises:
        ArgumentError: The probability is none, or there is no such kind of fault.
    """

    @checked
    def __init__(
        self, connection: Connection, probability: float = 0.1, kinds: Sequence[str] = ("transport",), seed: int = 0
    ) -> None:
        if not 0 <= probability <= 1:
            raise ArgumentError(f"probability: got {probability!r}, wanted 0 to 1")
        kinds = [kinds] if isinstance(kinds, str) else [*kinds]
        if not kinds or not set(kinds) <= set(FAULTS):
            raise ArgumentError(f"kinds: got {kinds!r}, wanted some of {', '.join(FAULTS)}")
        self.faults: Counter[str] = Counter()
        self._behind = connection
        self._probability, self._kinds, self._random = probability, kinds, random.Random(seed)  # noqa: S311 - no secret
        self._runs = 0
        self.spiking = _FaultySpiking(self)
        self.matrix = _FaultyMatrix(self)

    @property
    def identifier(self) -> str:
        """Serial of the chip."""
        return self._behind.identifier

    @property
    def configuration(self) -> ChipConfiguration:
        """What the registers hold now, the defaults where the connection behind does not tell."""
        return self._behind.configuration if isinstance(self._behind, HoldsRegisters) else ChipConfiguration()

    @property
    def run_counter(self) -> int:
        """Number of the next run, of the connection behind if that counts them."""
        return self._behind.run_counter if isinstance(self._behind, CountsRuns) else self._runs

    @run_counter.setter
    def run_counter(self, value: int) -> None:
        if isinstance(self._behind, CountsRuns):
            self._behind.run_counter = value
        self._runs = value

    def describe(self) -> dict[str, str]:
        """Return what the connection behind says of itself."""
        return self._behind.describe()

    def close(self) -> None:
        """Release the chip; closing twice is harmless."""
        self._behind.close()

    def _run(self, run: Callable[[Program], Result], program: Program, damage: Callable[[Result], Result]) -> Result:
        """Run ``program``, or fail."""
        fault = self._random.choice(self._kinds) if self._random.random() < self._probability else None
        if fault is not None:
            self.faults[fault] += 1
        if fault == "transport":
            raise TransportError("the link to the chip is down (a fault that was asked for)")
        if fault == "crash":
            raise RuntimeError("the backend broke down (a fault that was asked for)")
        result = run(program)
        self._runs += 1
        if fault == "lost":
            raise TransportError("the answer of the chip was lost (a fault that was asked for)")
        return damage(result) if fault == "damaged" else result


class _FaultySpiking:
    def __init__(self, faulty: FaultyConnection) -> None:
        self._faulty = faulty

    def run(self, program: SpikingProgram) -> SpikingResult:
        """Run ``program`` once for each batch entry, or fail."""

        def damage(result: SpikingResult) -> SpikingResult:
            offsets = np.zeros(program.events.batch_size + 1, np.int64)
            offsets[-1] = 1
            return replace(result, spikes=SpikeEvents(np.array([program.runtime]), np.array([0]), offsets))

        return self._faulty._run(self._faulty._behind.spiking.run, program, damage)


class _FaultyMatrix:
    def __init__(self, faulty: FaultyConnection) -> None:
        self._faulty = faulty

    def run(self, program: MatrixProgram) -> MatrixResult:
        """Multiply all activations with the matrix, or fail."""

        def damage(result: MatrixResult) -> MatrixResult:
            return replace(result, values=result.values[:-1])

        return self._faulty._run(self._faulty._behind.matrix.run, program, damage)
