"""Calibrate the firing threshold.

A constant current alone, without leak and synaptic inputs, drives the membrane up a straight ramp from its reset until
it fires, again and again. Just before a spike the membrane is at the threshold, so samples are extrapolated to the
instant of the spike that follows them.
"""

from __future__ import annotations

import numpy as np

from bss2_emulator.facts.constants import NEURONS
from hxtorch.core.calibration.bench.bench import SRAM_TIME, Bench
from hxtorch.core.calibration.bench.searches import LinearPrediction, predictive_search
from hxtorch.core.calibration.bench.stimuli import spike_output_registers
from hxtorch.core.calibration.nominal.codes import (
    CODES_PER_VOLT,
    OFFSET_CURRENT,
    capacitance,
    code,
    reset_code,
    threshold_code,
    threshold_volts,
)
from hxtorch.core.calibration.nominal.refractory import refractory_registers
from hxtorch.core.seam.configuration import ChipConfiguration
from hxtorch.core.seam.programs import CYCLE
from hxtorch.core.seam.results import CADCSamples, SpikeEvents

TOLERANCE = 8.0  # LSB
SLOPE = 9e3  # volts per second, of the ramp
DEPTH = 0.18  # volts from reset to threshold: more than mismatch of both
LOWEST = 0.2  # volts; above the lower rail
REFRACTORY = 2e-6
WINDOW = (0.2e-6, 5e-6)  # before a spike
ENTRIES = 8


def calibrate_threshold(bench: Bench, target: np.ndarray, steps: int = 3) -> np.ndarray:
    """Bring the firing threshold to ``target`` LSB (512,); return which neurons reached it."""

    def measure(codes: np.ndarray) -> np.ndarray:
        return firing_potential(bench, bench.configuration.replace(v_threshold=codes))

    prediction = LinearPrediction(CODES_PER_VOLT["v_threshold"] * bench.adc.volt_per_lsb)
    start = threshold_code(bench.adc.volts(target))
    found = predictive_search(measure, target, start, prediction, steps=steps)
    bench.set(v_threshold=found.codes)
    bench.measured["threshold"] = found.values
    return np.asarray(found.success & (np.abs(found.values - target) < TOLERANCE))


def firing_potential(bench: Bench, configuration: ChipConfiguration) -> np.ndarray:
    """Return the potential at which each neuron fires, LSB (512,); NaN where it hardly does."""
    farads = capacitance(configuration.membrane_capacitance)
    start = np.maximum(threshold_volts(configuration.v_threshold) - DEPTH, LOWEST)
    ramp = configuration.replace(
        **refractory_registers(np.full(NEURONS, REFRACTORY), np.zeros(NEURONS)),
        **spike_output_registers(),
        enable_leak=False,
        enable_synin_exc=False,
        enable_synin_inh=False,
        enable_mem_offset=True,
        mem_offset_sink=False,
        i_mem_offset=code(SLOPE * farads / OFFSET_CURRENT),
        v_reset=reset_code(start),
    )
    result = bench.run(ramp, SRAM_TIME, ENTRIES)
    potential = np.empty(NEURONS)
    for samples in result.cadc:
        potential[samples.neurons] = _extrapolate(samples, result.spikes)
    return potential


def _extrapolate(samples: CADCSamples, spikes: SpikeEvents) -> np.ndarray:
    """Fit a line to samples over the time to the next spike; return its value at the spike, (neurons,)."""
    ahead, since = _neighbours(samples, spikes)
    use = (ahead >= WINDOW[0]) & (ahead <= WINDOW[1]) & (since > REFRACTORY + 2e-6)
    values = samples.values.astype(np.float64)
    count = np.maximum(use.sum(axis=0), 1)
    mean_x = np.where(use, ahead, 0).sum(axis=0) / count
    mean_y = np.where(use, values, 0).sum(axis=0) / count
    x = np.where(use, ahead - mean_x, 0)
    slope = (x * values).sum(axis=0) / np.maximum((x * x).sum(axis=0), 1e-30)
    return np.where(count >= 8, mean_y - slope * mean_x, np.nan)


def _neighbours(samples: CADCSamples, spikes: SpikeEvents) -> tuple[np.ndarray, np.ndarray]:
    """Return the time to the next and since the last spike of each neuron, seconds or infinity, (samples, neurons)."""
    span = 1 + max(int(times.max(initial=0)) for times in (samples.times, spikes.times))

    def keys(times: np.ndarray, neurons: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        entry = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets)).reshape(-1, *[1] * (neurons.ndim - 1))
        return np.asarray((entry * NEURONS + neurons) * span + times)

    spike_keys = np.sort(keys(spikes.times, spikes.neurons, spikes.batch_offsets))
    spike_keys = np.concatenate([[-10 * span], spike_keys, [np.iinfo(np.int64).max // 2]])
    sample_keys = keys(samples.times[:, np.newaxis], samples.neurons[np.newaxis], samples.batch_offsets)
    following = np.searchsorted(spike_keys, np.ascontiguousarray(sample_keys.T)).T  # ascending keys are found faster
    ahead, behind = spike_keys[following], spike_keys[following - 1]
    train = sample_keys // span
    return (
        np.where(ahead // span == train, (ahead - sample_keys) * CYCLE, np.inf),
        np.where(behind // span == train, (sample_keys - behind) * CYCLE, np.inf),
    )
