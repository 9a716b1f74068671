"""Reference: neurons with terms, joined circuits and compartments do what their plain twin says."""

import numpy as np
import pytest

from bss2_emulator import Chip, Imperfections
from bss2_emulator.reference.spiking.entry import run_entry
from bss2_emulator.silicon.noise import RunNoise
from bss2_emulator.spiking.inputs import Recording, check_events

RUNTIME = 1201
QUIET = {"membrane_noise": False, "run_offset": False, "cadc_noise": False, "cadc_jitter": False}


def random_terms(seed):
    rng = np.random.default_rng(seed)
    return {
        "enable_exponential": rng.random(512) < 0.5,
        "i_exp": rng.integers(300, 800, 512),
        "v_exp": rng.integers(350, 600, 512),
        "enable_adaptation": rng.random(512) < 0.6,
        "i_adapt_tau": rng.integers(50, 1000, 512),
        "i_adapt_a": rng.integers(0, 300, 512),
        "i_adapt_b": rng.integers(0, 300, 512) * (rng.random(512) < 0.8),
        "adaptation_a_negative": rng.random(512) < 0.2,
        "adaptation_b_negative": rng.random(512) < 0.3,
        "adaptation_pulse_scale": rng.integers(0, 9, 2),
        "v_adapt_leak": rng.integers(500, 800, 512),
        "v_adapt_ref": rng.integers(400, 600, 512),
        "enable_coba_exc": rng.random(512) < 0.4,
        "enable_coba_inh": rng.random(512) < 0.4,
        "i_synin_exc_coba": rng.integers(100, 900, 512),
        "i_synin_inh_coba": rng.integers(100, 900, 512),
        "e_synin_exc_rev": rng.integers(700, 900, 512),
        "e_synin_inh_rev": rng.integers(400, 600, 512),
    }


def random_joints(seed):
    """Pairs, columns of two rows, and lines with conductances; one circuit of each membrane fires."""
    rng = np.random.default_rng(seed)
    fires = np.zeros(512, bool)
    joints = {name: np.zeros(512, bool) for name in ("connect_right", "connect_vertical", "connect_soma",
                                                    "connect_soma_right", "enable_icc")}  # fmt: skip
    for block in range(0, 256, 8):
        at = int(rng.integers(0, 4))
        if at == 0:  # two by two
            joints["connect_right"][[block, block + 256]] = True
            joints["connect_vertical"][block] = True
            fires[rng.choice([block, block + 1, block + 256, block + 257])] = True
        elif at == 1:  # three circuits of one row with conductances to their line
            joints["connect_soma_right"][[block, block + 1]] = True
            joints["enable_icc"][[block, block + 1, block + 2]] = True
            fires[block : block + 3] = True
        elif at == 2:  # a pair as soma, and a dendrite
            joints["connect_right"][block] = True
            joints["connect_soma"][block] = True
            joints["connect_soma_right"][[block, block + 1]] = True
            joints["enable_icc"][block + 2] = True
            fires[[block + 1, block + 2]] = True
        else:
            fires[[block, block + 1]] = True
    outputs = {"enable_threshold": fires, "enable_spike_output": fires, "i_icc": rng.integers(100, 900, 512)}
    return {**joints, **outputs, "icc_divide": rng.random(512) < 0.5}


def run_both(fuzzed, events, seed, switches, precision, neurons, **registers):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, (2, 40)) << 14 | rng.integers(0, 32, (2, 40)) << 6 | rng.integers(0, 3, (2, 40))
    times = np.sort(rng.integers(0, RUNTIME, (2, 40)), axis=1)
    trains = [sorted(zip(t.tolist(), x.tolist(), strict=True)) for t, x in zip(times, labels, strict=True)]
    chip = Chip(serial=f"terms-{seed}", seed=7, imperfections=Imperfections(**switches), precision=precision)
    config = fuzzed(seed).replace(**registers)
    family = neurons
    config = config.replace(enable_spike_output=config.enable_spike_output & np.isin(np.arange(512), family))
    got, traces = None, []
    batch = check_events(RUNTIME, *events(trains))
    for n in neurons[:6]:
        chip.run_counter = 3
        recording = Recording(np.asarray(neurons), madc_neuron=int(n))
        traces.append(chip._spiking.integrate(chip.landed(config), RUNTIME, batch, recording, chip._noise(0), 1).trace)
    chip.run_counter = 3
    got = chip.run_spiking(config, RUNTIME, *events(trains), cadc_neurons=neurons)
    key = RunNoise.of(chip.serial, 7, 3).key
    landed = chip.landed(config)
    want = [run_entry(landed, chip.silicon, RUNTIME, train, list(neurons), key, 3, b) for b, train in enumerate(trains)]
    return got, traces, want


def spikes_of(run, entry):
    here = slice(run.spike_offsets[entry], run.spike_offsets[entry + 1])
    return list(zip(run.spike_times[here].tolist(), run.spike_neurons[here].tolist(), strict=True))


def agree(got, traces, want, tolerance):
    """All spikes, and the membranes."""
    for b, entry in enumerate(want):
        assert spikes_of(got, b) == entry.linked
        for i, trace in enumerate(traces):
            np.testing.assert_allclose(trace[b], entry.traces[i], rtol=0, atol=tolerance)


@pytest.mark.parametrize("seed", range(1, 4))
@pytest.mark.parametrize("exponential", [False, True])
@pytest.mark.parametrize("switches", [QUIET, {}], ids=["quiet", "noisy"])
def test_terms_equal_twin(fuzzed, events, seed, exponential, switches):
    neurons = np.random.default_rng(seed).choice(512, 9, replace=False).tolist()
    registers = random_terms(seed)
    registers["enable_exponential"] &= exponential
    got, traces, want = run_both(
        fuzzed, events, seed, {**switches, "saturation": False}, "double", neurons, **registers
    )
    assert sum(len(entry.spikes) for entry in want) >= 3
    exact = 1e-6 if "membrane_noise" not in switches else 1e-9  # of normals; of polynomials where it blows up
    agree(got, traces, want, 5e-5 if exponential else exact)


@pytest.mark.parametrize("seed", range(1, 4))
@pytest.mark.parametrize(("terms", "tolerance"), [(False, 1e-9), (True, 5e-5)])
def test_joined_circuits_equal_twin(fuzzed, events, seed, terms, tolerance):
    """With terms as above: polynomials of the kernel differ where the exponential blows up."""
    registers = {**(random_terms(seed) if terms else {}), **random_joints(seed)}
    neurons = [*[n for n in range(16) if registers["enable_threshold"][n]][:4], 1, 257]
    neurons = list(dict.fromkeys(neurons))
    got, traces, want = run_both(fuzzed, events, seed, {**QUIET, "saturation": False}, "double", neurons, **registers)
    assert sum(len(entry.spikes) for entry in want) > 4
    agree(got, traces, want, tolerance)


@pytest.mark.parametrize("seed", range(3))
def test_saturation_and_noise_of_joined_circuits_equal_twin(fuzzed, events, seed):
    registers = {**random_joints(seed), "enable_threshold": False}
    _, traces, want = run_both(fuzzed, events, seed, {}, "single", [0, 1, 9, 257], **registers)
    for b, entry in enumerate(want):
        for i, trace in enumerate(traces):
            np.testing.assert_allclose(trace[b], entry.traces[i], rtol=0, atol=3e-4)
