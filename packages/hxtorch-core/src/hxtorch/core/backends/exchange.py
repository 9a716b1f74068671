"""Every run goes through here: failures of backends are typed, those of the way to the chip are tried again.

A backend raises :class:`~hxtorch.core.errors.TransportError` if the way to the chip failed and may work again. Then the
run is tried up to three times more (``HXTORCH_RETRIES`` says how often, 0 for never), after 0.1 s, 0.4 s, 1.6 s and so
on, up to 10 s. Programs hold all registers, so that nothing is left of a run that was cut; where a backend counts runs
the number is put back, and the noise is that of the run that failed. Any other exception becomes a ``BackendError``.
"""

from __future__ import annotations

import logging
import os
import time
import typing
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import numpy as np

from hxtorch.core.errors import BackendError, HXTorchError, TransportError
from hxtorch.core.interfaces import Connection, CountsRuns, RunsTogether
from hxtorch.core.seam.answers import check_all, check_matrix, check_spiking
from hxtorch.core.seam.programs import MatrixProgram, SpikingProgram
from hxtorch.core.seam.results import MatrixResult, SpikingResult
from hxtorch.core.seam.sizes import check_matrix_memory, check_spiking_memory

_LOG = logging.getLogger("hxtorch.core.backends")
Program = TypeVar("Program")
Result = TypeVar("Result")

RETRIES = 3
FIRST_DELAY, DELAY_FACTOR, LONGEST_DELAY = 0.1, 4.0, 10.0  # seconds
KEPT_BYTES = 1 << 28
"""Most that is kept of the results of a procedure that was cut."""


def run_spiking(connection: Connection, program: SpikingProgram) -> SpikingResult:
    """Run a spiking program on the chip behind ``connection``.

    Raises:
        MemoryLimitError: Its recordings do not fit into memory.
        TransportError: The way to the chip failed each time.
        BackendError: The backend failed, or returned what can not be a result of ``program``.
    """
    check_spiking_memory(program)
    return _run(connection, lambda taken: connection.spiking.run(taken), program, check_spiking)


def run_spiking_all(connection: Connection, programs: Sequence[SpikingProgram]) -> list[SpikingResult]:
    """Run programs as one after the other, at once where the chip can; raises as :func:`run_spiking`."""
    unit = connection.spiking
    if len(programs) < 2 or not isinstance(unit, RunsTogether) or _journal.get() is not None:
        return [run_spiking(connection, program) for program in programs]
    for program in programs:
        check_spiking_memory(program)
    return check_all(programs, _tried(connection, unit.run_all, programs))


def run_matrix(connection: Connection, program: MatrixProgram) -> MatrixResult:
    """Run a matrix program, unfolded where the chip cannot gather rows; raises as :func:`run_spiking`."""
    check_matrix_memory(program)
    unit = connection.matrix
    taken = program if getattr(unit, "gathers_rows", False) else program.unfolded()
    return _run(connection, unit.run, taken, check_matrix)


class Journal:
    """What a procedure has run so far, to go on where it was cut: the same programs get the same results again."""

    def __init__(self) -> None:
        self._entries: list[tuple[Any, Any, int | None]] = []
        self._next = self._bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def begin(self) -> None:
        """Go back to the first run."""
        self._next = 0

    def again(self, connection: Connection, program: Any) -> Any:
        """Return the result of the next program if it is the one that ran then, else None and forget what follows."""
        if self._next >= len(self._entries):
            return None
        known, result, counter = self._entries[self._next]
        if not _same(known, program):
            del self._entries[self._next :]
            return None
        self._next += 1
        if counter is not None and isinstance(connection, CountsRuns):
            connection.run_counter = counter
        return result

    def note(self, connection: Connection, program: Any, result: Any) -> None:
        """Keep one more result while there is room."""
        if self._next < len(self._entries) or self._bytes > KEPT_BYTES:
            return
        self._bytes += _size(result)
        counter = connection.run_counter if isinstance(connection, CountsRuns) else None
        self._entries.append((program, result, counter))
        self._next += 1


_journal: ContextVar[Journal | None] = ContextVar("hxtorch_journal", default=None)


@contextmanager
def noted_in(journal: Journal) -> Iterator[None]:
    """Let the runs of the block be taken from ``journal`` as far as they stand there, and be noted there."""
    journal.begin()
    token = _journal.set(journal)
    try:
        yield
    finally:
        _journal.reset(token)


def _run(
    connection: Connection,
    run: Callable[[Program], Result],
    program: Program,
    check: Callable[[Program, Result], None],
) -> Result:
    journal = _journal.get()
    if journal is not None:
        known: Result | None = journal.again(connection, program)
        if known is not None:
            return known
    result = _tried(connection, run, program)
    check(program, result)
    if journal is not None:
        journal.note(connection, program, result)
    return result


def _tried(connection: Connection, run: Callable[[Program], Result], program: Program) -> Result:
    before = getattr(connection, "run_counter", None)  # a check for the role CountsRuns takes longer than a small run
    delay, left = FIRST_DELAY, None
    while True:
        try:
            return run(program)
        except TransportError as error:
            failure = error
        except (HXTorchError, Warning):
            raise
        except Exception as error:
            raise failure_of(connection, "in a run", error) from error
        if before is not None:
            typing.cast(CountsRuns, connection).run_counter = before
        left = _retries() if left is None else left
        if left <= 0:
            raise failure
        _LOG.warning("%s: %s; trying again in %.1f s", connection.identifier, failure, delay)
        time.sleep(delay)
        left, delay = left - 1, min(delay * DELAY_FACTOR, LONGEST_DELAY)


def failure_of(connection: Connection, where: str, error: Exception) -> BackendError:
    """Return the error of this project for what a backend raised, which has no type of its own."""
    return BackendError(
        f"{connection.identifier}: the backend failed {where}: {type(error).__name__}: {str(error)[:200]}"
    )


def _retries() -> int:
    text = os.environ.get("HXTORCH_RETRIES", "")
    if not text:
        return RETRIES
    if not text.isdecimal():
        raise BackendError(f"HXTORCH_RETRIES: got {text[:40]!r}, wanted how often a run is tried again, 0 or more")
    return int(text)


def _same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    if is_dataclass(one):
        return type(one) is type(other) and all(
            _same(getattr(one, part.name), getattr(other, part.name)) for part in fields(one)
        )
    if isinstance(one, np.ndarray):
        return isinstance(other, np.ndarray) and np.array_equal(one, other)
    if isinstance(one, tuple):
        return isinstance(other, tuple) and len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict):
        return (
            isinstance(other, dict) and one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
        )
    return bool(one == other)


def _size(result: Any) -> int:
    if isinstance(result, np.ndarray):
        return result.nbytes
    if isinstance(result, tuple):
        return sum(map(_size, result))
    return sum(_size(getattr(result, part.name)) for part in fields(result)) if is_dataclass(result) else 0
