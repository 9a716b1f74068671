"""Calibrate the synaptic lines as they are read themselves: how fast they forget, how far an event moves them."""

from __future__ import annotations

import numpy as np

from bss2_emulator.facts.constants import NEURONS
from bss2_emulator.facts.coordinates import QUADRANT
from hxtorch.core.calibration.bench.bench import SAMPLE_TIME, Bench
from hxtorch.core.calibration.bench.searches import PowerPrediction, predictive_search
from hxtorch.core.calibration.bench.stimuli import pulses, stimulus_registers
from hxtorch.core.calibration.bench.traces import Traces, candidates, decay
from hxtorch.core.calibration.bench.trains import LEAD, Train
from hxtorch.core.calibration.nominal.codes import EXCITATORY_LINE
from hxtorch.core.calibration.targets import HagenSyninCalibTarget
from hxtorch.core.seam.configuration import CAPMEM_MAX, ChipConfiguration

WEIGHT = 63
FULL_PULSE = 3200  # synapses per pulse times their bias: drops typical lines by about half of the ADC's range
MOST_SYNAPSES = 64
OBSERVED = 3.0  # time constants from pulse to pulse
PULSES, SAMPLES = 96, 960  # least number of pulses of each sign, and of samples within their first time constant
ARRIVED = 0.5e-6  # seconds after which all synapses of a pulse have got their event
TOLERANCE = 0.2
VISIBLE = 5.0  # LSB that a pulse must move a line by for its time constant to mean anything


def calibrate_lines(bench: Bench, target: HagenSyninCalibTarget, steps: int = 2) -> np.ndarray:
    """Bring the time constants of all lines to the target; return their drops, LSB per weight (2, 512)."""
    drops = np.empty((2, NEURONS))

    def measure(codes: np.ndarray) -> np.ndarray:
        bench.set(i_synin_exc_tau=codes[0], i_synin_inh_tau=codes[1])
        taus, drops[:] = measure_lines(bench, target)
        return taus

    start = np.stack([bench.configuration.i_synin_exc_tau, bench.configuration.i_synin_inh_tau])
    wanted = np.asarray(target.per_input("tau_syn"))
    found = predictive_search(measure, wanted, start, PowerPrediction(-1), low=1, steps=steps, keep=steps - 1)
    bench.set(i_synin_exc_tau=found.codes[0], i_synin_inh_tau=found.codes[1])
    bench.measured["tau_syn"] = found.values
    bench.require(found.success & (np.abs(found.values / wanted - 1) < TOLERANCE))
    bench.require(drops * WEIGHT * _synapses(target) > VISIBLE)
    return drops


def match_synapses(bench: Bench, drops: np.ndarray) -> None:
    """Set the synapses' biases so that lines of all quadrants drop alike, as the typical one does.

    Lines have no strength of their own to make up for what a bias can not reach: the weakest quadrant then sets what
    the others have.
    """
    quadrant = np.array([np.median(drops[:, quadrant == QUADRANT]) for quadrant in range(4)])
    per_code = np.maximum(quadrant, 1e-3) / np.maximum(bench.configuration.i_synapse_dac_bias, 1)
    wanted = min(float(quadrant.mean()), float(per_code.min()) * (CAPMEM_MAX - 1))
    bench.set(i_synapse_dac_bias=np.clip(np.rint(wanted / per_code), 1, CAPMEM_MAX).astype(np.int64))


def measure_lines(bench: Bench, target: HagenSyninCalibTarget) -> tuple[np.ndarray, np.ndarray]:
    """Return time constants of the lines, seconds, and what an event drops them by, LSB per weight, both (2, 512)."""
    tau_syn = np.asarray(target.per_input("tau_syn"))
    repetitions = max(PULSES, round(SAMPLES * SAMPLE_TIME / float(tau_syn.min())))
    train = Train.of(OBSERVED * float(tau_syn.max()), repetitions)
    synapses, grid = _synapses(target), candidates(tau_syn)

    def settled(times: np.ndarray) -> np.ndarray:
        phase = train.phase(times)
        return (times >= LEAD / 2) & ((phase < 0) | (phase > ARRIVED))

    def course(times: np.ndarray, taus: np.ndarray) -> np.ndarray:
        return np.asarray(sum(decay(since, taus) for since in train.since(times, pulses=5)))

    taus, drops = np.empty((2, NEURONS)), np.empty((2, NEURONS))
    for line in range(2):
        events = pulses(train.times, np.full(train.entries, line), synapses)
        for samples in bench.run(_shown(bench, line), train.runtime, events).cadc:
            traces = Traces.of(samples, np.arange(train.entries), settled)
            taus[line, samples.neurons], height = traces.fit_decay(course, grid)
            drops[line, samples.neurons] = -height / (WEIGHT * synapses)
    return taus, drops


def _synapses(target: HagenSyninCalibTarget) -> int:
    """Return how many synapses a pulse has."""
    return int(np.clip(np.rint(FULL_PULSE / max(float(np.asarray(target.synapse_dac_bias)), 1)), 1, MOST_SYNAPSES))


def _shown(bench: Bench, line: int) -> ChipConfiguration:
    """Return registers under which pulses reach the lines, of which the column ADC sees one."""
    return bench.configuration.replace(
        **stimulus_registers((WEIGHT, WEIGHT)), readout_source=EXCITATORY_LINE + line, enable_threshold=False
    )
