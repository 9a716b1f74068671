"""Measure postsynaptic potentials: time constant and strength of every synaptic input.

A small membrane capacitance, with the leak scaled so that the time constant stays, makes potentials large. They stay
where inhibitory inputs still have their full current, which ends near the lower rail.
"""

from __future__ import annotations

import numpy as np

from bss2_emulator.facts.constants import NEURONS
from hxtorch.core.calibration.bench.bench import SAMPLE_TIME, Bench
from hxtorch.core.calibration.bench.stimuli import EXCITATORY, INHIBITORY, pulses, stimulus_registers
from hxtorch.core.calibration.bench.traces import Traces, candidates, decay, psp_peak
from hxtorch.core.calibration.bench.trains import LEAD, Train
from hxtorch.core.calibration.nominal.codes import (
    GM_EXPONENT,
    MEMBRANE_CAPACITANCE,
    SYNAPSE_CURRENT,
    capacitance,
    code,
    gm_factor,
    leak_registers,
)
from hxtorch.core.seam.configuration import ChipConfiguration

REST = 0.55  # volts
SMALLEST = 1  # code of the membrane capacitance
PEAK = 0.135  # volts wanted of a typical potential
MOST_WEIGHT = 63
OBSERVED = 3.0  # sums of time constants from pulse to pulse
PULSES, RISING_SAMPLES = 40, 200  # least number of pulses of each sign, and of samples in their first 3 tau_syn
LEAST_CURRENT = 1e-13  # amperes per weight, in place of none where the target wants a code of 0
SLOWEST = 5.0  # synaptic time constants that a membrane may take while it is measured


def measure_psps(
    bench: Bench,
    configuration: ChipConfiguration,
    rest: float = REST,
    peak: float = PEAK,
    averages: int = 1,
    nudge: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Return time constants and strengths of the synaptic inputs.

    Args:
        bench: With calibrated references, leak and membrane time constants.
        configuration: Registers to measure.
        rest: Potential from which membranes are moved, volts.
        peak: How far a typical one is moved, volts.
        averages: How many times as many pulses as are needed for 2 %.
        nudge: Codes that the leak is moved by. A cell that is written anew lands elsewhere, so that measurements that
            differ in this do not share the error of the membrane's time constant.

    Returns:
        Seconds, (2, 512), and the synaptic current per weight in the target's time course, amperes (2, 512), both
        excitatory, inhibitory; the strength counts membranes as equally large.
    """
    tau_syn = np.asarray(bench.target.per_input("tau_syn"))
    tau_mem = np.minimum(bench.target.per_neuron("tau_mem"), SLOWEST * tau_syn.max())
    repetitions = averages * max(PULSES, round(RISING_SAMPLES * SAMPLE_TIME / 3 / float(tau_syn.min())))
    train = Train.of(OBSERVED * float(tau_mem.max() + tau_syn.max()), repetitions)
    size, weight = _sizes(bench, tau_mem, configuration.membrane_capacitance, peak)
    signs = np.arange(2 * train.entries) % 2
    excitable = _excitable(bench, configuration, tau_mem, size, weight, rest, nudge)
    result = bench.run(excitable, train.runtime, pulses(train.times, signs))
    grid = candidates(tau_syn)

    def course(times: np.ndarray, taus: np.ndarray) -> np.ndarray:
        return np.asarray(sum(decay(since, taus) for since in train.since(times, pulses=3)))

    taus, strengths = np.empty((2, NEURONS)), np.empty((2, NEURONS))
    for samples in result.cadc:
        n = samples.neurons
        for sign, polarity in ((EXCITATORY, 1.0), (INHIBITORY, -1.0)):
            traces = Traces.of(samples, np.flatnonzero(signs == sign), lambda times: times >= LEAD / 2)
            taus[sign, n], amplitude = traces.fit_psp(course, tau_mem[n], tau_syn[sign, n], grid)
            strengths[sign, n] = polarity * amplitude / weight[sign]
    return taus, strengths * capacitance(size) * bench.adc.volt_per_lsb


def typical_current(bench: Bench) -> np.ndarray:
    """Return the synaptic current per weight of a chip without mismatch at nominal codes, amperes (2, 512)."""
    bias = float(np.asarray(bench.target.synapse_dac_bias)) / 600
    strength = (bench.target.per_input("i_synin_gm") * gm_factor(bench.target) / 500) ** GM_EXPONENT
    return np.asarray(np.maximum(SYNAPSE_CURRENT * bias * strength, LEAST_CURRENT))


def _sizes(
    bench: Bench, tau_mem: np.ndarray, capacitance_code: np.ndarray, peak: float
) -> tuple[np.ndarray, tuple[int, int]]:
    """Return codes of the capacitance, and weights, with which a typical neuron moves by ``peak`` volts."""
    current = typical_current(bench).mean(axis=1)
    course = [psp_peak(float(tau_mem.mean()), float(fast.mean())) for fast in bench.target.per_input("tau_syn")]
    farads = MOST_WEIGHT * min(float(unit) * seconds for unit, seconds in zip(current, course, strict=True)) / peak
    small = int(np.clip(np.rint(farads / MEMBRANE_CAPACITANCE * 63), SMALLEST, 63))
    size = np.minimum(capacitance_code, small)
    weights = [
        int(np.clip(np.rint(peak * float(capacitance(size).mean()) / seconds / float(unit)), 1, MOST_WEIGHT))
        for unit, seconds in zip(current, course, strict=True)
    ]
    return size, (weights[0], weights[1])


def _excitable(
    bench: Bench,
    configuration: ChipConfiguration,
    tau_mem: np.ndarray,
    size: np.ndarray,
    weight: tuple[int, int],
    rest: float,
    nudge: int,
) -> ChipConfiguration:
    """Return registers with which pulses move resting membranes of a small capacitance, of code ``size``."""
    typical = leak_registers(np.asarray(bench.target.per_neuron("tau_mem")), configuration.membrane_capacitance)
    mirror = configuration.i_leak / np.maximum(typical["i_leak"], 1)  # what this neuron needs more than a typical one
    small = leak_registers(tau_mem, size)
    small["i_leak"] = code(small["i_leak"] * mirror + nudge)
    return configuration.replace(
        **stimulus_registers(weight),
        **small,
        membrane_capacitance=size,
        v_leak=bench.moved("v_leak", bench.adc.lsb(rest) - bench.target.per_neuron("leak")),
        enable_threshold=False,
    )
