"""What the membrane ADC sees of a column while the events of a product arrive."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bss2_emulator._kernels.matrix.hagen import PULSE_FRACTION
from bss2_emulator.config import ChipConfig
from bss2_emulator.facts import constants as c
from bss2_emulator.matrix.columns import MAX_PULSE, PULSE_STEPS, WEIGHT_STEPS, Columns, line_charge
from bss2_emulator.matrix.operands import Operands
from bss2_emulator.readout import madc
from bss2_emulator.results import MadcSamples
from bss2_emulator.silicon.noise import HAGEN_EVENTS, HAGEN_MADC, RunNoise
from bss2_emulator.silicon.serial import FloatArray, Silicon


def record_column(
    config: ChipConfig,
    silicon: Silicon,
    columns: Columns,
    drivers: tuple[NDArray[np.int16], NDArray[np.int16]],
    operands: Operands,
    capacity: NDArray[np.float32] | None,
    noise: RunNoise,
) -> MadcSamples:
    """Record what is read of a column of the top hemisphere while the first tile's events arrive.

    Args:
        config: Registers.
        silicon: The chip.
        columns: Constants of the columns.
        drivers: Pulse per activation and what is added, as the kernel takes them, (2, 128) each.
        operands: The product and the column to record.
        capacity: See :func:`~bss2_emulator.matrix.columns.line_capacity`; None if lines do not saturate.
        noise: Of the run.
    """
    column = operands.madc_column or 0
    vectors = operands.vectors(c.TILE_ROWS)
    steps = _charges(vectors, operands.weights[: c.TILE_ROWS, column], silicon, columns, drivers, column)
    if capacity is not None:
        steps *= _arriving(steps, capacity[np.count_nonzero(vectors, axis=1)])
    slope = max(int(config.cadc_ramp_slope[column // (c.COLUMNS // 2)]), 1)
    lsb = c.CADC_LSB * slope / c.CADC_NOMINAL_SLOPE  # V
    steps *= columns.gain[0, column] / (PULSE_STEPS * WEIGHT_STEPS) * lsb
    rest = float(columns.start[0, column] + silicon.readout_offset[column])
    settle = round(c.HAGEN_READ_DELAY / c.CYCLE)
    instants = madc.sample_instants(vectors.shape[1] * operands.num_sends * operands.wait_between_events + settle)
    sigma = np.float32(silicon.mean("madc_noise") * silicon.imperfections.madc_noise)
    codes = np.empty((len(vectors), len(instants)), np.uint16)
    for b, step in enumerate(steps):
        sequence = np.tile(step[vectors[b] > 0], operands.num_sends)
        sequence += _of_events(silicon, columns, column, noise.normals(HAGEN_EVENTS, b, len(sequence))) * lsb
        height = _course(sequence, operands.wait_between_events, instants, float(columns.decay[0, column]) * c.CYCLE)
        read = noise.normals(HAGEN_MADC, b, len(instants)) * sigma
        codes[b] = madc.convert(np.clip(rest + height, *c.RAILS), read, madc.settling_of(silicon))
    times = np.tile(np.floor(instants).astype(np.int64), len(steps))
    return MadcSamples(times, codes.ravel(), np.arange(len(steps) + 1, dtype=np.int64) * len(instants))


def _of_events(silicon: Silicon, columns: Columns, column: int, normals: NDArray[np.float32]) -> FloatArray:
    """Return what events add whatever their weights, offset and noise, LSB, (events,); one number for each."""
    share = -np.expm1(-np.arange(len(normals) + 1) / silicon.mean("hagen_offset_events"))
    return np.asarray(columns.shift[0, column] * np.diff(share) + columns.event_noise[0, column] * normals)


def _course(jumps: FloatArray, wait: int, instants: FloatArray, decay: float) -> FloatArray:
    """Return a level that jumps every ``wait`` cycles and decays in between, at instants in cycles, (instants,).

    Args:
        jumps: The first comes after ``wait`` cycles, any number.
        wait: Cycles.
        instants: Ascending.
        decay: Rate per cycle.
    """
    levels = [0.0]
    keeps = float(np.exp(-decay * wait))
    for jump in jumps:
        levels.append(levels[-1] * keeps + float(jump))
    last = np.minimum(instants // wait, len(jumps)).astype(np.int64)
    return np.asarray(np.array(levels)[last] * np.exp(-decay * (instants - last * wait)))


def _charges(
    vectors: NDArray[np.uint8],
    weights: NDArray[np.int8],
    silicon: Silicon,
    columns: Columns,
    drivers: tuple[NDArray[np.int16], NDArray[np.int16]],
    column: int,
) -> FloatArray:
    """Return the charge of each event in fractions of its factors' LSB, (batch, rows)."""
    scale, offset = (constant[0, : vectors.shape[1]].astype(np.float64) for constant in drivers)
    pulses = np.clip((vectors * scale + offset) / PULSE_FRACTION, 0, MAX_PULSE) * (vectors > 0)
    exc = (weights > 0).astype(int)
    levels = np.sign(weights) * silicon.dac[column // (c.COLUMNS // 2), np.abs(weights)]
    heavy = levels * silicon.synapse[0, 2 * np.arange(len(weights)) + exc, column] * columns.ratio[0, exc, column]
    return np.asarray(pulses * heavy, np.float64)


def _arriving(charges: FloatArray, capacity: NDArray[np.float32]) -> FloatArray:
    """Return the share of each event that its line lets through, (batch, rows)."""
    share = np.ones_like(charges)
    for sign in (1, -1):
        of_line = charges * (sign * charges > 0)
        total = np.abs(of_line.sum(axis=1))
        kept = np.divide(line_charge(total, capacity), total, out=np.ones_like(total), where=total > 0)
        share = np.where(sign * charges > 0, kept[:, np.newaxis], share)
    return share
