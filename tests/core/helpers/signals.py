"""What membranes of calibrated chips do, as both ADCs see it: volleys, compartments, noise, resets.

Each function takes the bench of one chip and returns estimates that are independent of each other, one for each neuron
or trace. Tests hold their means to bands of real chips; ``benchmarks/fidelity.py`` prints them.
"""

import numpy as np
import surveys

from bss2_emulator import ChipConfig
from bss2_emulator.facts.constants import COLUMNS, NEURONS
from bss2_emulator.neurons.physics import neuron_physics
from hxtorch.core.calibration.bench.bench import Bench
from hxtorch.core.calibration.bench.stimuli import EXCITATORY, INHIBITORY, pulses, stimulus_registers
from hxtorch.core.calibration.bench.trains import Train
from hxtorch.core.seam.configuration import ChipConfiguration
from hxtorch.core.seam.programs import CYCLE, InputEvents, Recording, SpikingProgram

MADC = 3.0  # its LSB in one of the column ADC
PERIOD, VOLLEYS, WEIGHT = 80e-6, 40, 32  # s between volleys, and of how many rows of which weight
BINS = np.arange(3e-6, 17e-6, 1.5e-6)  # s after a volley
ABOVE = 90.0  # LSB that a membrane is kept higher by, so that no volley of inhibition brings it below its usual rest
LAGS = np.array([0.03e-6, 0.34e-6, 1e-6, 3.4e-6, 10e-6])
CORRELATION = np.array([0.38, 0.27, 0.23, 0.21, 0.14])  # of measured traces at these lags
PEAKS = np.array(  # of a measured chain, MADC LSB, (injected into, recorded in)
    [[78.0, 49.5, 35.3, 28.6], [57.5, 70.0, 51.9, 45.7], [46.3, 49.0, 69.2, 57.2], [38.9, 45.1, 65.3, 92.1]]
)
ICC_WEIGHT, ICC_ROWS, ICC_CODE, COMPARTMENTS = 31, 10, 500, 4
TRACES, WINDOW, RUN = 8, 200e-6, 1e-3  # neurons of a chip, s
RUNS, TRIALS = 5, 40


def heights(bench: Bench, registers: ChipConfiguration, rows: int, sign: int) -> np.ndarray:
    """Return the largest mean distance from rest after volleys, LSB of the column ADC, (512,)."""
    train = Train.of(PERIOD, VOLLEYS)
    result = bench.run(registers, train.runtime, pulses(train.times, np.full(train.entries, sign), rows))
    found = np.empty(NEURONS)
    for samples in result.cadc:
        phase, values = train.phase(samples.times * CYCLE), samples.values.astype(float)
        rest = values[phase > PERIOD - 10e-6].mean(axis=0)
        course = [values[(phase >= start) & (phase < start + 1.5e-6)].mean(axis=0) - rest for start in BINS]
        found[samples.neurons] = np.abs(course).max(axis=0)
    return found


def volleys(bench: Bench) -> dict[str, np.ndarray]:
    """Return responses to simultaneous events, MADC LSB: excitatory of 3, 6 and 9 rows, inhibitory of 9, each (512,).

    ``high`` is that of 9 inhibitory rows on a membrane that is kept above rest.
    """
    registers = bench.configuration.replace(**stimulus_registers((WEIGHT, WEIGHT)), enable_threshold=False)
    found = {f"excited {n}": heights(bench, registers, n, EXCITATORY) * MADC for n in (3, 6, 9)}
    found["inhibited"] = heights(bench, registers, 9, INHIBITORY) * MADC
    higher = registers.replace(v_leak=bench.moved("v_leak", np.full(NEURONS, ABOVE)))
    found["high"] = heights(bench, higher, 9, INHIBITORY) * MADC
    return found


def compartments(bench: Bench) -> np.ndarray:
    """Return peaks in chains of compartments, LSB, (chain, injected into, recorded in).

    Each compartment has two circuits, the second with leak, capacitance and inputs off; conductances lie between.
    """
    place = np.arange(NEURONS) % (2 * COMPARTMENTS)
    second, last = place % 2 == 1, place == 2 * COMPARTMENTS - 1
    stimulus = stimulus_registers((ICC_WEIGHT, 0))
    chains = bench.configuration.replace(
        **stimulus,
        enable_threshold=False,
        enable_leak=~second,
        enable_synin_exc=~second,
        enable_synin_inh=~second,
        membrane_capacitance=np.where(second, 0, bench.configuration.membrane_capacitance),
        connect_right=~second,
        connect_soma=~second & (place > 0),
        connect_soma_right=second & ~last,
        enable_icc=second & ~last,
        i_icc=ICC_CODE,
    )
    found = []
    for injected in range(COMPARTMENTS):
        here = np.arange(COLUMNS) % (2 * COMPARTMENTS) == 2 * injected
        registers = chains.replace(weight=np.where(here, stimulus["weight"], 0))
        found.append(heights(bench, registers, ICC_ROWS, EXCITATORY).reshape(-1, 2 * COMPARTMENTS)[:, ::2])
    return np.stack(found, axis=1)


def resting(bench: Bench) -> dict[str, np.ndarray]:
    """Return what the membrane ADC sees of resting neurons, one estimate a neuron.

    Returns:
        LSB: standard deviation in 200 us; peak to peak in 1 ms; autocorrelation at :data:`LAGS`, (neurons, lags).
    """
    registers = bench.configuration.replace(enable_threshold=False)
    deviations, ranges, correlations = [], [], []
    for neuron in np.arange(TRACES) * NEURONS // TRACES:
        program = SpikingProgram(
            registers, round(RUN / CYCLE), InputEvents.silence(1), Recording(madc_neuron=int(neuron))
        )
        samples = bench.connection.spiking.run(program).madc
        values = samples.values.astype(float)
        step = np.mean(np.diff(samples.times)) * CYCLE
        length = int(WINDOW / step)
        windows = values[: len(values) // length * length].reshape(-1, length)
        windows = windows - windows.mean(axis=1, keepdims=True)
        variance = np.mean(windows**2)
        shifts = np.maximum(np.rint(LAGS / step).astype(int), 1)
        correlations.append([np.mean(windows[:, shift:] * windows[:, :-shift]) / variance for shift in shifts])
        deviations.append(windows.std(axis=1).mean())
        ranges.append(np.ptp(values))
    return {
        "deviation": np.array(deviations),
        "range": np.array(ranges),
        "correlation": np.array(correlations),
    }


def trials(bench: Bench) -> np.ndarray:
    """Return the standard deviation of one reading over trials in several runs, LSB of the column ADC, (512,)."""
    registers = bench.configuration.replace(enable_threshold=False)
    readings = np.empty((RUNS, TRIALS, NEURONS))
    for run in readings:
        for samples in bench.run(registers, 8e-6, TRIALS).cadc:
            run[:, samples.neurons] = samples.values[samples.batch_offsets[:-1]]
    return np.asarray(readings.reshape(-1, NEURONS).std(axis=0))


def differences(bench: Bench) -> np.ndarray:
    """Return the variance over trials of a reading at the peak of a PSP less one before it, LSB^2, (512,)."""
    train = Train.of(PERIOD, 200)
    registers = bench.configuration.replace(**stimulus_registers((10, 0)), enable_threshold=False)
    result = bench.run(registers, train.runtime, pulses(train.times, np.zeros(train.entries, np.int64), 4))
    found = np.empty(NEURONS)
    for samples in result.cadc:
        times, values = samples.times * CYCLE, samples.values.astype(float)
        change = []
        for entry in range(train.entries):
            inside = slice(samples.batch_offsets[entry], samples.batch_offsets[entry + 1])
            for pulse in train.times:
                before = np.flatnonzero(times[inside] < pulse)[-1]
                peak = np.argmin(np.abs(times[inside] - pulse - 10e-6))
                change.append(values[inside][peak] - values[inside][before])
        found[samples.neurons] = np.var(change, axis=0)
    return found


def reset_times(bench: Bench) -> np.ndarray:
    """Return the time constants of resets, s, (512,): of the cells as they stand, no ADC is that fast."""
    chip = bench.connection._link.chip
    physics = neuron_physics(chip.landed(ChipConfig(**bench.configuration.registers())), chip.silicon)
    return np.asarray(physics.capacitance / (physics.reset + physics.leak))


def off_the_table(chains: np.ndarray) -> surveys.Estimate:
    """Return how far peaks, each row relative to its largest, are from :data:`PEAKS`, rms; error by the jackknife."""

    def off(table: np.ndarray) -> np.ndarray:
        relative = table / table.max(axis=-1, keepdims=True)
        wanted = PEAKS / PEAKS.max(axis=-1, keepdims=True)
        return np.asarray(np.sqrt(np.mean((relative - wanted) ** 2, axis=(-2, -1))))

    count = len(chains)
    without = off((chains.sum(axis=0) - chains) / (count - 1))
    return surveys.Estimate(float(off(chains.mean(axis=0))), 3.29 * float(without.std() * np.sqrt(count - 1)))


def survey() -> dict[str, list[np.ndarray]]:
    """Return all of it, by name a list over the chips of :mod:`surveys`."""
    chips = []
    for serial in surveys.SERIALS:
        with surveys.calibrated_chip(serial) as (bench, _):
            seen = {"trials": trials(bench), "differences": differences(bench), "reset": reset_times(bench)}
            chips.append({**volleys(bench), **resting(bench), **seen, "compartments": compartments(bench)})
    return {name: [chip[name] for chip in chips] for name in chips[0]}
