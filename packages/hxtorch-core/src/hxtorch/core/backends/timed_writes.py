"""Registers written during a run: what holds from when on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hxtorch.core.seam.configuration import ChipConfiguration
from hxtorch.core.seam.programs import SpikingProgram


def changes(program: SpikingProgram) -> Iterator[tuple[int, ChipConfiguration, dict[str, np.ndarray]]]:
    """Yield cycle, all registers from then on, and those that change; writes that change nothing are left out."""
    before = program.configuration
    for write in program.writes:
        after = before.replace(**write.registers)
        registers = {name: getattr(after, name) for name in write.registers}
        changed = {name: new for name, new in registers.items() if not np.array_equal(getattr(before, name), new)}
        if changed:
            yield write.time, after, changed
            before = after


def held_at(times: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Return which registers held at ``times``, 0 those at the start; ``starts``: cycles from which each write did."""
    return np.asarray(np.searchsorted(starts, times, side="right"))
