"""Reference: the spiking kernel does what its plain twin says."""

import numpy as np
import pytest

from bss2_emulator import Chip, Imperfections
from bss2_emulator.facts import constants
from bss2_emulator.facts.coordinates import OUTPUT
from bss2_emulator.facts.sheet import SHEET, Sheet
from bss2_emulator.readout.cadc import transfer
from bss2_emulator.reference.neurons.membrane import compliance
from bss2_emulator.reference.readout.cadc import cadc_code
from bss2_emulator.reference.spiking.entry import run_entry
from bss2_emulator.silicon.noise import RunNoise
from bss2_emulator.spiking.inputs import Recording, check_events

RUNTIME = 1501
QUIET = {"membrane_noise": False, "run_offset": False, "cadc_noise": False, "cadc_common": False, "cadc_jitter": False}


def random_trains(seed, batch=2, count=40):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, (batch, count)) << 14 | rng.integers(0, 32, (batch, count)) << 6
    labels |= rng.integers(0, 3, (batch, count))
    times = np.sort(rng.integers(0, RUNTIME, (batch, count)), axis=1)
    return [sorted(zip(t.tolist(), x.tolist(), strict=True)) for t, x in zip(times, labels, strict=True)]


def run_both(fuzzed, events, seed, switches, precision, sheet=SHEET, **registers):
    """Run random registers and events by kernel and twin; also return the kernel's membrane of the first neuron."""
    trains = random_trains(seed)
    chip = Chip(
        serial=f"twin-{seed}", seed=7, imperfections=Imperfections(**switches), precision=precision, sheet=sheet
    )
    neurons = np.random.default_rng(seed + 100).choice(512, 14, replace=False)
    config = fuzzed(seed)
    chosen = np.isin(np.arange(512), neurons)
    config = config.replace(enable_spike_output=config.enable_spike_output & chosen, **registers)
    watched = int(neurons[0])
    chip.run_counter = 3
    got = chip.run_spiking(config, RUNTIME, *events(trains), cadc_neurons=neurons, madc_neuron=watched)
    chip.run_counter = 3
    batch = check_events(RUNTIME, *events(trains))
    trace = chip._spiking.integrate(
        chip.landed(config), RUNTIME, batch, Recording(neurons, madc_neuron=watched), chip._noise(0), 1
    ).trace
    key = RunNoise.of(chip.serial, 7, 3).key
    want = [
        run_entry(chip.landed(config), chip.silicon, RUNTIME, train, neurons.tolist(), key, 3, b)
        for b, train in enumerate(trains)
    ]
    return chip, config, neurons, key, got, trace, want


def spikes_of(run, entry):
    here = slice(run.spike_offsets[entry], run.spike_offsets[entry + 1])
    return list(zip(run.spike_times[here].tolist(), run.spike_neurons[here].tolist(), strict=True))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("switches", "tolerance"), [(QUIET, 1e-10), ({}, 1e-6)])
def test_linear_kernel_equals_twin(fuzzed, events, seed, switches, tolerance):
    chip, config, neurons, key, got, trace, want = run_both(
        fuzzed, events, seed, {**switches, "saturation": False}, "double"
    )
    for b, entry in enumerate(want):
        assert len(entry.spikes) > 20
        assert spikes_of(got, b) == entry.linked
        np.testing.assert_allclose(trace[b], entry.traces[0], rtol=0, atol=tolerance)
        check_cadc(config, chip, got, entry, neurons, b, key)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("precision", ["single", "double"])
def test_saturating_kernel_equals_twin(fuzzed, events, seed, precision):
    *_, trace, want = run_both(fuzzed, events, seed, {}, precision, enable_threshold=False)
    for b, entry in enumerate(want):
        np.testing.assert_allclose(trace[b], entry.traces[0], rtol=0, atol=3e-6 if precision == "single" else 1e-9)  # V


def test_kernel_equals_twin_with_a_sheet_of_ones_own(fuzzed, events):
    names = "membrane_noise", "slow_noise", "run_offset", "compliance", "cadc_noise", "cadc_common", "cadc_settling"
    sheet = Sheet([SHEET.rows[name]._replace(mean=1.7 * SHEET.mean(name)) for name in names])
    chip, config, neurons, key, got, trace, want = run_both(
        fuzzed, events, 5, {}, "double", sheet, enable_threshold=False
    )
    for b, entry in enumerate(want):
        np.testing.assert_allclose(trace[b], entry.traces[0], rtol=0, atol=1e-6)
        check_cadc(config, chip, got, entry, neurons, b, key)


def test_compliance_is_the_parabola_of_a_transistor_above_the_lower_rail():
    low = constants.RAILS[0]
    assert compliance(low, 0.2) == 0
    assert compliance(low + 0.1, 0.2) == pytest.approx(0.75)
    assert [compliance(low + 0.2 + above, 0.2) for above in (0.0, 0.1, 0.5)] == [1, 1, 1]


@pytest.mark.parametrize("seed", range(4))
def test_single_precision_spikes_where_the_twin_does(fuzzed, events, seed):
    *_, got, _, want = run_both(fuzzed, events, seed, {"saturation": False}, "single")
    for b, entry in enumerate(want):
        near = {(t + d, n) for t, n in entry.linked for d in (-1, 0, 1)}  # rounding may move one across a cycle
        spikes = spikes_of(got, b)
        assert len(spikes) == len(entry.linked)
        assert len(set(spikes) & near) >= 0.98 * len(spikes)


def check_cadc(config, chip, got, want, neurons, entry, key):
    for samples in got.cadc:
        gain, offset = transfer(config, chip.silicon, samples.neurons, acausal=False)
        here = range(samples.offsets[entry], samples.offsets[entry + 1])
        period = 218.75
        numbers = [round((samples.times[i] + 625 - (samples.times[here[0]] + 625) % period) / period) for i in here]
        differing = 0
        for i, number in zip(here, numbers, strict=True):
            for column, n in enumerate(samples.neurons.tolist()):
                row = neurons.tolist().index(n)
                volts = [want.membrane(row, int(samples.times[k])) for k in range(here[0], i + 1)]
                code = cadc_code(volts, gain[column], offset[column], chip.silicon, key, 3, entry, n, number)
                differing += code != samples.values[i, column]
                assert abs(code - int(samples.values[i, column])) <= 1
        assert differing <= 2


def test_neurons_that_nobody_sees_are_left_out(fuzzed):
    config = fuzzed(0).replace(enable_threshold=True, enable_spike_output=False)
    run = Chip(fidelity="ideal").run_spiking(config, 1000)
    assert len(run.spike_times) == 0
    assert OUTPUT.max() == 7
