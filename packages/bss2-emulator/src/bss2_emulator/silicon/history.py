"""What a chip has behind it when a run begins: what its cells were written to, and the time that it has emulated.

Runs are numbered, and the number keys their noise, so that a run can be repeated. Its cells and its time have to be
those of the first time then. Numbers from 2 ** 31 on are runs of a calibration: a session of its own, earlier than the
user's, so that what a user sees does not depend on whether a calibration was found or had to be made.
"""

from __future__ import annotations

from array import array
from typing import Final

from bss2_emulator.silicon.cells import START, Writes

CALIBRATION_RUNS: Final = 1 << 31


class Session:
    """Runs of one numbering, one after the other.

    Args:
        kind: ``use`` or ``calibration``.
        begin: Time at its beginning, s.

    Attributes:
        kind: See above.
        writes: What the cells hold now.
        time: That has been emulated, s; before the run that follows.
    """

    def __init__(self, kind: str, begin: float) -> None:
        self.kind, self._begin = kind, begin
        self.writes: Writes = {}
        self.time = begin
        self._before: Writes = {}
        self._first, self._starts = 0, array("d")

    def stamp(self, number: int, part: int) -> tuple[object, ...]:
        """Return the name of the writes before a run (part 0) or during it."""
        return (self.kind, START) if not self.writes else (self.kind, number, part)

    def go_to(self, number: int) -> None:
        """Make ``number`` the next run.

        The last run finds what it found the first time; a number not reached yet, what is there now. Further back,
        cells are as at the beginning of a session that starts with that run.
        """
        follows = self._first + len(self._starts)
        if number > follows or not len(self._starts):
            self._first, self._starts = number, array("d")
        elif number < follows:
            back = number - self._first
            self.writes = self._before if number == follows - 1 else {}
            self.time = self._starts[back] if back >= 0 else self._begin
            if back < 0:
                self._first, back = number, 0
            del self._starts[back:]

    def done(self, duration: float, writes: Writes) -> None:
        """A run is over, which took some seconds and left ``writes``."""
        self._starts.append(self.time)
        self.time += duration
        self._before, self.writes = self.writes, writes


class History:
    """The sessions of a chip.

    Args:
        calibration_age: How much earlier a calibration is made, s.
    """

    def __init__(self, calibration_age: float) -> None:
        self._use, self._calibration = Session("use", 0.0), Session("calibration", -calibration_age)

    def session(self, number: int) -> Session:
        """Return the session that a run belongs to."""
        return self._calibration if number >= CALIBRATION_RUNS else self._use
