"""Correlation sensors of synapses: who fired when after whom (facts 6.2, 7.1, 8).

Each synapse has two sensors. An event that arrives ``t`` before the next spike of its neuron adds
``amplitude * exp(-t / tau)`` to the causal one, an event that arrives ``t`` after the last spike to the acausal one:
each spike counts with the last event before it, each event with the last spike before it; an event and a spike of one
cycle count as causal. Codes saturate, and the column ADC adds its noise when it reads them. The synapse answers to
events of its label, whatever its weight.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bss2_emulator._kernels.spiking.run import Listed
from bss2_emulator._kernels.synram.correlation import NOT_SEEN, correlate
from bss2_emulator.config import ChipConfig
from bss2_emulator.events.path import Routes
from bss2_emulator.facts import constants as c
from bss2_emulator.facts.coordinates import QUADRANT
from bss2_emulator.silicon.noise import CORRELATION, RunNoise
from bss2_emulator.silicon.serial import FloatArray, Silicon


def sensors(config: ChipConfig, silicon: Silicon, rows: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
    """Return amplitude (LSB) and time constant (s) of the (causal, acausal) sensors of ``rows``, (rows, 2, 256)."""
    hemisphere, row = rows // c.ROWS, rows % c.ROWS
    quadrant = QUADRANT.reshape(c.HEMISPHERES, c.COLUMNS)[hemisphere][:, None]
    lsb, tau, trim = (silicon.mean(f"correlation_{name}") for name in ("amplitude", "time", "trim"))
    store, ramp = c.CORRELATION_AMPLITUDE[1], c.CORRELATION_TIME[1]
    amplitude_trim = 1 + trim * config.correlation_amplitude[hemisphere, row][:, None]
    time_trim = 1 + trim * config.correlation_time[hemisphere, row][:, None]
    amplitude = lsb / store * config.i_correlation_store[quadrant] * amplitude_trim
    time = tau * ramp / np.maximum(config.i_correlation_ramp, 1)[quadrant] * time_trim
    amplitude = amplitude * np.moveaxis(silicon.correlation_amplitude[:, hemisphere, row], 0, 1)
    return np.asarray(amplitude), np.asarray(time * np.moveaxis(silicon.correlation_time[:, hemisphere, row], 0, 1))


def labels_seen(config: ChipConfig, rows: NDArray[np.int64], routes: Routes) -> NDArray[np.uint8]:
    """Return the label with which events of each action reach ``rows``, NOT_SEEN where they do not, (rows, actions)."""
    action = np.repeat(np.arange(routes.actions), np.diff(routes.part_offsets))
    action = np.concatenate((np.arange(routes.actions), action))
    action = np.repeat(action, np.diff(routes.row_offsets))
    seen = np.full((len(rows), max(routes.actions, 1)), NOT_SEEN, np.uint8)
    for i, row in enumerate(rows.tolist()):
        if config.row_mode[row // c.ROWS, row % c.ROWS]:
            here = routes.drivers == row // 2
            seen[i, action[here]] = routes.seen[here]
    return seen


def measure(
    config: ChipConfig,
    silicon: Silicon,
    rows: NDArray[np.int64],
    routes: Routes,
    passed: Listed,
    fired: Listed,
    reset: int,
    noise: RunNoise,
    threads: int,
) -> NDArray[np.uint8]:
    """Return the codes of the sensors at the end of a run, (batch, rows, 256, 2).

    Args:
        config: Registers: labels, row modes, biases and trims.
        silicon: The chip.
        rows: ``256 * hemisphere + row``.
        routes: Where events went.
        passed: Events at synapses, as actions.
        fired: Spikes, as neurons n.
        reset: Cycle in which the sensors are reset.
        noise: Keys the noise of the reading.
        threads: Threads to use.
    """
    amplitude, time = sensors(config, silicon, rows)
    hemisphere, row = rows // c.ROWS, rows % c.ROWS
    codes = np.zeros((len(passed[2]) - 1, len(rows), c.COLUMNS, 2), np.uint8)
    correlate(
        *passed,
        *fired,
        labels_seen(config, rows, routes),
        np.ascontiguousarray(config.label[hemisphere, row]),
        amplitude.astype(np.float32),
        (c.CYCLE / time).astype(np.float32),
        hemisphere.astype(np.int32),
        reset,
        silicon.mean("cadc_noise") * silicon.imperfections.cadc_noise,
        noise.key,
        (CORRELATION + rows).astype(np.uint32),
        noise.run,
        noise.first_entry,
        codes,
        threads,
    )
    return codes
