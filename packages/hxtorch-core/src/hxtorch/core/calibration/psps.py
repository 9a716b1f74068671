"""Measure postsynaptic potentials: time constant and strength of every synaptic input.

A small membrane capacitance, with the leak scaled so that the time constant stays, makes potentials large while the
synaptic current stays far from saturation.
"""

from __future__ import annotations

import numpy as np

from hxtorch.core.calibration.bench import SAMPLE_TIME, Bench
from hxtorch.core.calibration.nominal import GM_EXPONENT, SYNAPSE_CURRENT, capacitance, code, leak_registers
from hxtorch.core.calibration.stimuli import EXCITATORY, INHIBITORY, pulses, stimulus_registers
from hxtorch.core.calibration.traces import Traces, psp
from hxtorch.core.calibration.trains import LEAD, Train
from hxtorch.core.configuration import ChipConfiguration

REST = 110.0  # LSB
SMALL = 8  # code of the membrane capacitance
PEAK = 30.0  # LSB wanted of a typical potential
MAX_CURRENT = (60e-9, 25e-9)  # amperes; the inputs saturate softly at about 500 and 170 nA
OBSERVED = 3.0  # sums of time constants from pulse to pulse
PULSES, RISING_SAMPLES = 96, 750  # least number of pulses of each sign, and of samples in their first 3 tau_syn
SLOWEST = 5.0  # synaptic time constants that a membrane may take while it is measured
GRID = np.geomspace(1 / 3, 3, 64)  # candidates about the target


def measure_psps(bench: Bench, configuration: ChipConfiguration) -> tuple[np.ndarray, np.ndarray]:
    """Return time constants and strengths of the synaptic inputs.

    Args:
        bench: With calibrated references, leak and membrane time constants.
        configuration: Registers to measure.

    Returns:
        Seconds, (2, 512), and the synaptic current per weight in the target's time course, amperes (2, 512), both
        excitatory, inhibitory; the strength counts membranes as equally large.
    """
    tau_syn = np.asarray(bench.target.per_input("tau_syn"))
    tau_mem = np.minimum(bench.target.per_neuron("tau_mem"), SLOWEST * tau_syn.max())
    repetitions = max(PULSES, round(RISING_SAMPLES * SAMPLE_TIME / 3 / float(tau_syn.min())))
    train = Train.of(OBSERVED * float(tau_mem.max() + tau_syn.max()), repetitions)
    size = np.minimum(configuration.membrane_capacitance, SMALL)
    weight = _weight(bench, tau_mem, size)
    signs = np.arange(2 * train.entries) % 2
    excitable = _excitable(bench, configuration, tau_mem, size, weight)
    result = bench.run(excitable, train.runtime, pulses(train.times, signs))
    taus, strengths = np.empty((2, 512)), np.empty((2, 512))
    for samples in result.cadc:
        for sign, polarity in ((EXCITATORY, 1.0), (INHIBITORY, -1.0)):
            traces = Traces.of(samples, np.flatnonzero(signs == sign), lambda times: times >= LEAD / 2)
            for part, (membrane, synapse) in traces.by(tau_mem, tau_syn[sign]):

                def shape(times: np.ndarray, taus: np.ndarray, membrane: float = membrane) -> np.ndarray:
                    return np.asarray(sum(psp(since, membrane, taus) for since in train.since(times, pulses=3)))

                taus[sign, part.neurons], _ = part.time_constant(shape, synapse * GRID)
                amplitude = part.amplitude(shape(part.times, np.array([[synapse]]))[0])
                strengths[sign, part.neurons] = polarity * amplitude / weight[sign]
    return taus, strengths * capacitance(size) * bench.adc.volt_per_lsb


def typical_current(bench: Bench) -> np.ndarray:
    """Return the synaptic current per weight of a chip without mismatch at the target, amperes (2, 512)."""
    bias = float(np.asarray(bench.target.synapse_dac_bias)) / 600
    return np.asarray(SYNAPSE_CURRENT * bias * (bench.target.per_input("i_synin_gm") / 500) ** GM_EXPONENT)


def _weight(bench: Bench, tau_mem: np.ndarray, size: np.ndarray) -> tuple[int, int]:
    """Return excitatory and inhibitory weights with which a typical neuron responds well below saturation."""
    slow = float(tau_mem.mean())
    weights = []
    for sign in (EXCITATORY, INHIBITORY):
        fast = bench.target.per_input("tau_syn")[sign].mean()
        current = float(typical_current(bench)[sign].mean())
        course = psp(np.linspace(0, 3 * (slow + fast), 500), slow, fast)
        lsb = current * float(course.max()) / float(capacitance(size).mean()) / bench.adc.volt_per_lsb
        weights.append(int(np.clip(np.rint(min(PEAK / lsb, MAX_CURRENT[sign] / current)), 1, 63)))
    return weights[0], weights[1]


def _excitable(
    bench: Bench, configuration: ChipConfiguration, tau_mem: np.ndarray, size: np.ndarray, weight: tuple[int, int]
) -> ChipConfiguration:
    """Return registers with which pulses move resting membranes of a small capacitance, of code ``size``."""
    typical = leak_registers(np.asarray(bench.target.per_neuron("tau_mem")), configuration.membrane_capacitance)
    mirror = configuration.i_leak / np.maximum(typical["i_leak"], 1)  # what this neuron needs more than a typical one
    small = leak_registers(tau_mem, size)
    small["i_leak"] = code(small["i_leak"] * mirror)
    return configuration.replace(
        **stimulus_registers(weight),
        **small,
        membrane_capacitance=size,
        v_leak=bench.moved("v_leak", REST - bench.target.per_neuron("leak")),
        enable_threshold=False,
    )
