"""What a user sees of chips that nobody else looks at: measured through registers, spikes and ADCs.

Tests hold these figures to bands of real chips; ``benchmarks/fidelity.py`` prints them beside the real ones.
"""

import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from bss2_emulator.silicon.serial import Silicon
from hxtorch.core import open_session
from hxtorch.core.calibration import Calibration, SpikingCalibTarget, calibrate, for_target
from hxtorch.core.calibration.bench.bench import Bench
from hxtorch.core.calibration.bench.stimuli import EXCITATORY, pulses, stimulus_registers
from hxtorch.core.calibration.bench.trains import Train
from hxtorch.core.calibration.neurons.potentials import CLAMPED
from hxtorch.core.calibration.neurons.threshold import firing_potential
from hxtorch.core.calibration.neurons.time_constants import membrane_time_constants
from hxtorch.core.seam.programs import CYCLE

SERIALS = tuple(f"survey-{i}" for i in range(1, 6))
BANDS = {  # of what a calibration leaves, std over neurons
    "leak": (1.5, 2.5),  # LSB of the column ADC
    "reset": (1.0, 1.7),
    "threshold": (1.0, 1.5),
    "tau_mem": (0.03, 0.05),
    "psp": (0.03, 0.05),
}
WEIGHT, ROWS, PERIOD, REPETITIONS = 10, 4, 60e-6, 120  # of postsynaptic potentials: 13 LSB
PEAK = (7e-6, 14e-6)  # s after the event


class Estimate(NamedTuple):
    """A figure, and half the width of its 99.9 % interval."""

    value: float
    half_width: float

    def inside(self, low: float, high: float) -> bool:
        """Tell whether the figure lies in a band, and is known to a quarter of it."""
        return low <= self.value <= high and self.half_width <= (high - low) / 4


@functools.cache
def calibration_of(serial: str, fidelity: str = "full") -> Calibration:
    """Return the calibration of a chip to the default target, made once in a process."""
    with open_session(serial=serial, fidelity=fidelity) as session:
        make = calibrate if fidelity == "full" else for_target
        return make(session.connection, SpikingCalibTarget())


@contextmanager
def calibrated_chip(serial: str, fidelity: str = "full") -> Iterator[tuple[Bench, Calibration]]:
    """Open a chip with the registers of a calibration to the default target."""
    calibration = calibration_of(serial, fidelity)
    with open_session(serial=serial, fidelity=fidelity) as session:
        bench = Bench(session.connection, SpikingCalibTarget())
        bench.set(**calibration.registers)
        yield bench, calibration


def residuals(bench: Bench) -> dict[str, np.ndarray]:
    """Return leak, reset and threshold in LSB of the column ADC, tau_mem and PSPs relative to their mean, (512,) each.

    Noise of trials is averaged away to a tenth of what is found and less; nothing here writes the cells of a quantity
    that it measures, after the one write at the beginning.
    """
    registers = bench.configuration
    silent = registers.replace(enable_threshold=False)
    clamped = registers.replace(v_threshold=0, enable_threshold=True, **CLAMPED)
    tau_mem = membrane_time_constants(bench, registers, np.asarray(bench.target.per_neuron("threshold")))
    psps = peaks(bench)
    return {
        "leak": bench.mean(silent, entries=128),
        "threshold": firing_potential(bench, registers),
        "reset": bench.mean(clamped, window=20e-6, entries=64),
        "tau_mem": tau_mem / np.nanmean(tau_mem),
        "psp": psps / psps.mean(),
    }


def peaks(bench: Bench) -> np.ndarray:
    """Return the mean reading around the peak of postsynaptic potentials, LSB above rest, (512,)."""
    train = Train.of(PERIOD, REPETITIONS)
    registers = bench.configuration.replace(**stimulus_registers((WEIGHT, 0)), enable_threshold=False)
    signs = np.full(train.entries, EXCITATORY)
    result = bench.run(registers, train.runtime, pulses(train.times, signs, ROWS))
    heights = np.empty(512)
    for samples in result.cadc:
        phase = train.phase(samples.times * CYCLE)
        values = samples.values.astype(float)
        peak, rest = (phase > PEAK[0]) & (phase < PEAK[1]), phase > PERIOD - 5e-6
        heights[samples.neurons] = values[peak].mean(axis=0) - values[rest].mean(axis=0)
    return heights


def spread(chips: Sequence[np.ndarray]) -> Estimate:
    """Return the standard deviation over the neurons of chips, each about its own mean.

    The interval is that of the square root of a mean of squares: half its relative width is 3.29 / 2 times
    sqrt((kurtosis - 1) / count).
    """
    off = np.concatenate([values[np.isfinite(values)] - np.nanmean(values) for values in chips])
    variance = np.mean(off**2)
    kurtosis = np.mean(off**4) / variance**2
    value = float(np.sqrt(variance))
    return Estimate(value, value * 3.29 / 2 * float(np.sqrt((kurtosis - 1) / off.size)))


def mean(chips: Sequence[np.ndarray]) -> Estimate:
    """Return the mean over chips of what their neurons show; the interval is that of these chips, not of all."""
    error = sum(np.var(values) / np.size(values) for values in chips) ** 0.5 / len(chips)
    return Estimate(float(np.mean([np.mean(values) for values in chips])), 3.29 * float(error))


def serial_scales() -> dict[str, Estimate]:
    """Return how much chips differ as a whole: standard deviations of logarithms over 400 of them.

    Fifty chips tell a standard deviation to a third only.
    """
    chips = [Silicon(f"scale-{number}") for number in range(400)]
    logarithms = {
        name: np.log([chip.scale(name) for chip in chips])
        for name in ("strength", "gain", "leak_conductance", "tau_syn")
    }
    logarithms["gain of products"] = logarithms["strength"] + logarithms.pop("gain")
    return {name: spread([values]) for name, values in logarithms.items()}


def survey(fidelity: str = "full") -> tuple[dict[str, Estimate], list[Calibration]]:
    """Return the residuals of all chips, over the neurons that their calibration counts as good, and these."""
    found, calibrations = [], []
    for serial in SERIALS:
        with calibrated_chip(serial, fidelity) as (bench, calibration):
            measured = residuals(bench)
        found.append({name: values[calibration.success] for name, values in measured.items()})
        calibrations.append(calibration)
    return {name: spread([chip[name] for chip in found]) for name in BANDS}, calibrations
