"""Calibrate membrane time constants.

A strong excitatory pulse makes every neuron fire once. The reset holds it well below rest until the synaptic current is
gone; then the membrane relaxes with its own time constant alone.
"""

from __future__ import annotations

import numpy as np

from hxtorch.core.calibration.algorithms import PowerPrediction, predictive_search
from hxtorch.core.calibration.bench import Bench
from hxtorch.core.calibration.nominal import reset_code, tau_syn_registers
from hxtorch.core.calibration.refractory import refractory_registers
from hxtorch.core.calibration.stimuli import pulses, stimulus_registers
from hxtorch.core.calibration.traces import Traces, decay
from hxtorch.core.calibration.trains import Train
from hxtorch.core.configuration import CAPMEM_MAX, ChipConfiguration

REST, RESET, FIRING = 100.0, 60.0, 115.0  # LSB during the measurement
REFRACTORY = 10e-6
RELEASE = REFRACTORY + 1.2e-6  # seconds after the pulse at which every neuron is free again
TRIGGER_ROWS, TRIGGER_TAU = 16, 1e-6  # of the synapses that make it fire: gone when the reset ends
DECAYS, REPETITIONS = 4.7, 96  # observed time constants, observed decays
GRID = np.geomspace(1 / 3, 3, 64)  # candidates about the target
TOLERANCE = 0.2


def calibrate_tau_mem(bench: Bench, threshold: np.ndarray, steps: int = 2) -> None:
    """Bring the membrane time constants to the target.

    Args:
        bench: With calibrated leak and threshold.
        threshold: Potential to which ``v_threshold`` was calibrated, LSB (512,).
        steps: Measurements.
    """
    target = np.asarray(bench.target.per_neuron("tau_mem"))

    def measure(codes: np.ndarray) -> np.ndarray:
        return membrane_time_constants(bench, bench.configuration.replace(i_leak=codes), threshold)

    start = bench.configuration.i_leak
    found = predictive_search(measure, target, start, PowerPrediction(-1), low=1, steps=steps, keep=2)
    codes = np.where(np.isfinite(found.values), found.codes, start)
    bench.set(i_leak=codes)
    close = np.abs(found.values / target - 1) < TOLERANCE
    bench.measured["tau_mem"] = found.values
    bench.require(close & (codes > 1) & (codes < CAPMEM_MAX))


def membrane_time_constants(bench: Bench, configuration: ChipConfiguration, threshold: np.ndarray) -> np.ndarray:
    """Return the time constant of each membrane in seconds, (512,); NaN where the neuron did not fire."""
    target = np.asarray(bench.target.per_neuron("tau_mem"))
    train = Train.of(RELEASE + DECAYS * float(target.max()), REPETITIONS)
    result = bench.run(
        _relaxing(bench, configuration, threshold),
        train.runtime,
        pulses(train.times, np.zeros(train.entries, np.int64), TRIGGER_ROWS),
    )
    taus = np.empty(512)
    for samples in result.cadc:
        traces = Traces.of(samples, np.arange(train.entries), lambda times: train.phase(times) >= RELEASE)
        for part, nominal in traces.by(target):
            found, amplitude = part.time_constant(
                lambda times, candidates: decay(train.phase(times) - RELEASE, candidates), nominal * GRID
            )
            taus[part.neurons] = np.where(amplitude < -5, found, np.nan)
    return taus


def _relaxing(bench: Bench, configuration: ChipConfiguration, threshold: np.ndarray) -> ChipConfiguration:
    """Return registers with which a pulse makes each neuron fire once and relax."""
    short = tau_syn_registers(np.full((2, 512), TRIGGER_TAU))
    return configuration.replace(
        **stimulus_registers((63, 0)),
        **short,
        **refractory_registers(np.full(512, REFRACTORY), np.zeros(512)),
        i_synin_exc_gm=500,
        i_synapse_dac_bias=600,
        v_leak=bench.moved("v_leak", REST - bench.target.per_neuron("leak")),
        v_threshold=bench.moved("v_threshold", FIRING - threshold),
        v_reset=reset_code(bench.adc.volts(np.full(512, RESET))),
        enable_threshold=True,
    )
