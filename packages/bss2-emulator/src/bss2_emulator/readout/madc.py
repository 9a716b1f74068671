"""Membrane ADC: one neuron, 10 bit, a sample each 4.25 cycles (facts 4.2)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bss2_emulator._kernels.spiking.plan import LAYOUT
from bss2_emulator.facts import constants as c
from bss2_emulator.silicon.noise import MADC, RunNoise
from bss2_emulator.silicon.serial import Silicon

STEP = LAYOUT["step"]


def sample_instants(runtime: int) -> NDArray[np.float64]:
    """Return the exact instants of all samples in a run, cycles; their stamps are the floors: 4, 4, 4 and 5 apart."""
    instants = np.arange(int(runtime / c.MADC_PERIOD) + 1) * c.MADC_PERIOD
    return np.asarray(instants[instants < runtime])


def convert(volts: np.ndarray, noise: np.ndarray, settling: float) -> NDArray[np.uint16]:
    """Return codes 0..1023 of the readout amplifier's output.

    The capacitor that holds a sample still has a share of what it held before, whose own share is nothing.

    Args:
        volts: At successive samples, V, (..., samples).
        noise: LSB, same shape.
        settling: That share.

    Returns:
        The same shape.
    """
    held = volts.astype(np.float64)
    held[..., 1:] += settling * (volts[..., :-1] - volts[..., 1:])
    code = np.rint((held - c.MADC_ZERO) / c.MADC_LSB + noise)
    return np.asarray(np.clip(code, 0, 1023).astype(np.uint16))


def settling_of(silicon: Silicon) -> float:
    """Return the share of its last sample that the membrane ADC of a chip still has in the next one."""
    return silicon.mean("madc_settling") * silicon.imperfections.settling


def sample(
    trace: np.ndarray, runtime: int, neuron: int, silicon: Silicon, noise: RunNoise
) -> tuple[NDArray[np.int64], NDArray[np.uint16], NDArray[np.int64]]:
    """Sample the membrane of one neuron.

    Args:
        trace: Membrane at the borders of internal steps, V, (batch, steps + 1).
        runtime: Cycles.
        neuron: Whose it is.
        silicon: The chip.
        noise: Keys the read noise.

    Returns:
        Times (cycles), codes, and offsets of the batch entries.
    """
    instants = sample_instants(runtime)
    step = (instants // STEP).astype(np.int64)
    part = instants / STEP - step
    before = trace[:, step]
    volts = before + (trace[:, step + 1] - before) * part + float(silicon.readout_offset[neuron])
    batch, count = volts.shape
    lsb = np.zeros((batch, count), np.float32)
    if silicon.imperfections.madc_noise:
        memory = silicon.mean("madc_memory")
        for b in range(batch):
            white = noise.normals(MADC, b, count + 1)
            lsb[b] = white[1:] + np.float32(memory) * white[:-1]
        lsb *= np.float32(silicon.mean("madc_noise") / math.hypot(1, memory))
    times = np.tile(np.floor(instants).astype(np.int64), batch)
    return times, convert(volts, lsb, settling_of(silicon)).ravel(), np.arange(batch + 1, dtype=np.int64) * count
