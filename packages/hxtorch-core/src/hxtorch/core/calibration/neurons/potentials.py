"""Calibrate resting and reset potential: set the membrane to rest there, read it, correct the code."""

from __future__ import annotations

import numpy as np

from hxtorch.core.calibration.bench.bench import Bench
from hxtorch.core.calibration.bench.searches import LinearPrediction, predictive_search
from hxtorch.core.calibration.nominal.codes import CODES_PER_VOLT

TOLERANCE = 0.018  # volts: 4 LSB of the range for spiking
CLAMPED = {"refractory_time": 255, "holdoff": 15, "refractory_clock_fast": 5, "refractory_use_fast_clock": True}


def calibrate_leak(bench: Bench, steps: int, entries: int = 32, inputs: bool = True) -> np.ndarray:
    """Bring the resting potential to the target; return which neurons reached it.

    Args:
        bench: With calibrated readout.
        steps: Measurements.
        entries: Repetitions in each.
        inputs: Rest with the synaptic inputs, whose offset currents the leak then makes up for, or without them.
    """
    target = bench.target.per_neuron("leak")

    def measure(codes: np.ndarray) -> np.ndarray:
        silent = bench.configuration.replace(v_leak=codes, enable_threshold=False)
        if not inputs:
            silent = silent.replace(enable_synin_exc=False, enable_synin_inh=False)
        return bench.mean(silent, entries=entries)

    prediction = LinearPrediction(CODES_PER_VOLT["v_leak"] * bench.adc.volt_per_lsb)
    start = bench.configuration.v_leak
    found = predictive_search(measure, target, start, prediction, steps=steps)
    bench.set(v_leak=found.codes)
    bench.measured["leak"] = found.values
    return np.asarray(found.success & (np.abs(found.values - target) < TOLERANCE / bench.adc.volt_per_lsb))


def calibrate_reset(bench: Bench, target: np.ndarray, steps: int = 3) -> np.ndarray:
    """Bring the reset potential to ``target`` LSB (512,); return which neurons reached it.

    A threshold at the lower rail makes a neuron fire whenever it may; with the longest refractory period it stays at
    the potential that the reset reaches against the leak.
    """

    def measure(codes: np.ndarray) -> np.ndarray:
        clamped = bench.configuration.replace(v_reset=codes, v_threshold=0, enable_threshold=True, **CLAMPED)
        return bench.mean(clamped, window=20e-6)

    prediction = LinearPrediction(CODES_PER_VOLT["v_reset"] * bench.adc.volt_per_lsb)
    found = predictive_search(measure, target, bench.configuration.v_reset, prediction, steps=steps)
    bench.set(v_reset=found.codes)
    bench.measured["reset"] = found.values
    return np.asarray(found.success & (np.abs(found.values - target) < TOLERANCE / bench.adc.volt_per_lsb))
