"""Registers written during a run of the emulator, which itself runs a section with one set of registers.

What only the readout of membranes depends on can be written at any time: the section runs once for each set of
registers, with the same noise, and each sample is taken from the run whose registers held then. Whatever moves a
membrane or an event is refused, since the state of the chip would not be kept.
"""

from __future__ import annotations

import numpy as np

from hxtorch.core.configuration import ChipConfiguration
from hxtorch.core.errors import ProgramError
from hxtorch.core.programs import SpikingProgram

READOUT = ("cadc_offset", "cadc_ramp_offset", "cadc_ramp_slope", "debug_voltage", "enable_cadc_debug")


def parts(program: SpikingProgram) -> list[tuple[int, ChipConfiguration]]:
    """Return from which cycle on which registers hold, the first from 0 on.

    Raises:
        ProgramError: A write changes more than the readout of the column ADC.
    """
    held = [(0, program.configuration)]
    for write in program.writes:
        before = held[-1][1]
        after = before.replace(**write.registers)
        changed = [name for name in write.registers if not np.array_equal(getattr(before, name), getattr(after, name))]
        refused = [name for name in changed if name not in READOUT]
        if refused:
            raise ProgramError(
                f"write of {refused[0]!r} at cycle {write.time}: during a run the emulator writes only "
                f"{', '.join(READOUT)}; write all else before, or split the experiment into several runs"
            )
        if changed:
            held.append((write.time, after))
    return held


def spliced(times: np.ndarray, values: list[np.ndarray], starts: list[int]) -> np.ndarray:
    """Take each sample from the run whose registers held.

    Args:
        times: Cycles of the samples, int64 (samples,).
        values: Samples of each run, (samples, neurons).
        starts: From which cycle on the registers of each run held, ascending.
    """
    which = np.searchsorted(starts, times, side="right") - 1
    return np.asarray(np.stack(values)[which, np.arange(len(times))])
