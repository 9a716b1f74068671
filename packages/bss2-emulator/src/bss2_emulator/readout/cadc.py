"""Column ADC: when it samples, and what code a voltage gives (facts 4.1)."""

from __future__ import annotations

import math
import warnings

import numpy as np
from numpy.typing import NDArray

from bss2_emulator._kernels.events.batches import regular
from bss2_emulator.config import ChipConfig
from bss2_emulator.errors import ReadoutWarning
from bss2_emulator.facts import constants as c
from bss2_emulator.facts.coordinates import COLUMN, HEMISPHERE, QUADRANT
from bss2_emulator.silicon.noise import CADC_PHASE, RunNoise
from bss2_emulator.silicon.serial import FloatArray, Silicon


def transfer(
    config: ChipConfig, silicon: Silicon, neurons: NDArray[np.int64], acausal: bool
) -> tuple[FloatArray, FloatArray]:
    """Return gain (LSB/V) and offset (LSB) of the channels of ``neurons``: ``code = gain * V + offset``.

    V is the membrane; the neuron's readout amplifier is part of the offset. On the debug line the gain is 0.
    """
    hemisphere, channel, column = HEMISPHERE[neurons], int(acausal), COLUMN[neurons]
    quadrant = QUADRANT[neurons]
    slope = np.maximum(config.cadc_ramp_slope, 1)[quadrant]
    gain = c.CADC_NOMINAL_SLOPE / slope / c.CADC_LSB * silicon.cadc_gain[hemisphere, channel, column]
    ramp = (config.cadc_ramp_offset.astype(np.int64) - c.CADC_NOMINAL_OFFSET) * c.CADC_OFFSET_STEP
    zero = (c.CADC_ZERO + ramp + silicon.cadc_start)[quadrant]
    code = silicon.cadc_offset[hemisphere, channel, column] + config.cadc_offset[hemisphere, channel, column]
    if config.enable_cadc_debug:
        at, volts = c.DEBUG_ZERO
        line = volts + (int(config.debug_voltage) - at) * c.DEBUG_STEP
        return np.zeros_like(gain), (line - zero) * gain + code
    return gain, (silicon.readout_offset[neurons] - zero) * gain + code


def sample_times(
    runtime: int, batch: int, hemisphere: int, columns: int, in_dram: bool, noise: RunNoise, jitter: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Lay out the samples of a hemisphere.

    Args:
        runtime: Cycles.
        batch: Batch entries.
        hemisphere: 0 or 1.
        columns: How many columns are recorded; up to 128 are read faster.
        in_dram: Samples go to DRAM.
        noise: Keys the phase.
        jitter: The phase is uniform in a period, else samples lie at multiples of it.

    Returns:
        Times of the samples inside the run, cycles, int64 (samples,); offsets of batch entries in them, int64
        (batch + 1,); how many samples were taken before the first of each, int64 (batch,).
    """
    period = sample_period(columns, in_dram) / c.CYCLE
    lead = c.CADC_LEAD / c.CYCLE
    if jitter:
        start = noise.entry_uniforms(CADC_PHASE + hemisphere, batch).astype(np.float64) * period - lead
    else:
        start = np.full(batch, -math.floor(lead / period) * period)
    wanted = math.ceil((runtime + lead) / period) + 1
    buffer = c.CADC_BUFFER_DRAM if in_dram else c.CADC_BUFFER
    return regular(start, period, min(wanted, buffer), runtime)


def warn_if_capped(runtime: int, columns: int, in_dram: bool) -> None:
    """Warn once if the buffer of samples ends before the run does.

    Args:
        runtime: Cycles.
        columns: Recorded columns of the hemisphere that has fewer of them: it is read faster, and full earlier.
        in_dram: Samples go to DRAM.
    """
    buffer = c.CADC_BUFFER_DRAM if in_dram else c.CADC_BUFFER
    covered = buffer * sample_period(columns, in_dram) - c.CADC_LEAD
    if runtime * c.CYCLE > covered:
        warnings.warn(
            f"column ADC: {buffer} samples cover {covered * 1e6:.0f} us of a run of {runtime * c.CYCLE * 1e6:.0f} us; "
            + ("shorten the run" if in_dram else "shorten the run or record to DRAM"),
            ReadoutWarning,
            stacklevel=5,
        )


def sample_period(columns: int, in_dram: bool) -> float:
    """Return the seconds between samples of a hemisphere of which ``columns`` are recorded."""
    if in_dram:
        return c.CADC_PERIOD_DRAM
    return c.CADC_PERIOD_HALF if columns <= c.COLUMNS // 2 else c.CADC_PERIOD_FULL
