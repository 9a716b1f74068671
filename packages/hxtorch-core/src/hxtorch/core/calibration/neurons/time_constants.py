"""Calibrate membrane time constants.

A strong excitatory pulse makes every neuron fire once. The reset holds it well below rest until the synaptic current is
gone; then the membrane relaxes with its own time constant alone.
"""

from __future__ import annotations

import numpy as np

from bss2_emulator.facts.constants import NEURONS
from hxtorch.core.calibration.bench.bench import Bench
from hxtorch.core.calibration.bench.searches import PowerPrediction, predictive_search
from hxtorch.core.calibration.bench.stimuli import pulses, stimulus_registers
from hxtorch.core.calibration.bench.traces import Traces, candidates, decay
from hxtorch.core.calibration.bench.trains import Train
from hxtorch.core.calibration.nominal.codes import reset_code, tau_syn_registers
from hxtorch.core.calibration.nominal.refractory import refractory_registers
from hxtorch.core.seam.configuration import CAPMEM_MAX, ChipConfiguration

REST, RESET, FIRING = 0.5, 0.32, 0.58  # volts during the measurement; rest and threshold are off by 10 mV each
TRIGGER_ROWS = 32  # synapses that make it fire
TRIGGER_TAU = (1e-6, 4e-6)  # seconds; range of their time constant
REFRACTORY = 10  # of these time constants, after which the synaptic current is gone
MARGIN = 0.5e-6  # seconds from the earliest release to that of the last neuron
DECAYS = 4.7  # observed time constants
REPETITIONS, TOTAL = (24, 400), 0.35e-3  # range of the number of decays; about so many seconds of time constants
LEAST = -4.0  # LSB of amplitude; where it is smaller, the neuron did not fire
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
    trigger = float(np.clip(target.max() / 15, *TRIGGER_TAU))
    release = REFRACTORY * trigger + MARGIN
    slowest = float(target.max())
    train = Train.of(release + DECAYS * slowest, int(np.clip(TOTAL / slowest, *REPETITIONS)))
    result = bench.run(
        _relaxing(bench, configuration, threshold, trigger),
        train.runtime,
        pulses(train.times, np.zeros(train.entries, np.int64), TRIGGER_ROWS),
    )
    taus = np.empty(NEURONS)
    for samples in result.cadc:
        traces = Traces.of(samples, np.arange(train.entries), lambda times: train.phase(times) >= release)
        found, amplitude = traces.fit_decay(
            lambda times, taus: decay(train.phase(times) - release, taus), candidates(target)
        )
        taus[samples.neurons] = np.where(amplitude < LEAST, found, np.nan)
    return taus


def _relaxing(
    bench: Bench, configuration: ChipConfiguration, threshold: np.ndarray, trigger: float
) -> ChipConfiguration:
    """Return registers with which a pulse on synapses of time constant ``trigger`` makes each neuron fire and relax."""
    short = tau_syn_registers(np.full((2, NEURONS), trigger))
    return configuration.replace(
        **stimulus_registers((63, 0)),
        **short,
        **refractory_registers(np.full(NEURONS, REFRACTORY * trigger), np.zeros(NEURONS)),
        i_synin_exc_gm=500,
        i_synapse_dac_bias=600,
        v_leak=bench.moved("v_leak", bench.adc.lsb(REST) - bench.target.per_neuron("leak")),
        v_threshold=bench.moved("v_threshold", bench.adc.lsb(FIRING) - threshold),
        v_reset=reset_code(np.full(NEURONS, RESET)),
        enable_threshold=True,
    )
