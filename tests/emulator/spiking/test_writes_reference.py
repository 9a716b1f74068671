"""Reference: registers written during a run do what the plain twin says, for any registers and times."""

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from bss2_emulator import Chip, ChipConfig, Imperfections
from bss2_emulator.reference.spiking.entry import run_entry
from bss2_emulator.silicon.noise import RunNoise
from bss2_emulator.spiking.inputs import JOINTS, Recording, check_events

RUNTIME = 640
EXACT = {"cell_write": False, "cell_crosstalk": False, "cell_drift": False}  # the twin writes no cells
TOLERANCE = 1e-7  # V; mismatch of synapses and lengths of pulses are single precision
SILENT = {"membrane_noise": False, "run_offset": False}


def all_registers(fuzzed, seed):
    """Registers of everything, terms of neurons, plasticity and background included, at random."""
    rng = np.random.default_rng(seed)
    config = fuzzed(seed % 7)
    chance = rng.random(12)
    return config.replace(
        v_reset=rng.integers(500, 700, 512),
        i_reset=rng.integers(300, 1023, 512),
        i_synin_exc_gm=rng.integers(0, 700, 512),
        i_synin_inh_gm=rng.integers(0, 700, 512),
        i_synin_exc_shift=rng.integers(280, 330, 512),
        i_synapse_dac_bias=rng.integers(0, 1000, 4),
        enable_adaptation=rng.random(512) < chance[0],
        i_adapt_tau=rng.integers(50, 1000, 512),
        i_adapt_a=rng.integers(0, 300, 512),
        i_adapt_b=rng.integers(0, 300, 512) * (rng.random(512) < 0.8),
        adaptation_pulse_scale=rng.integers(0, 9, 2),
        v_adapt_leak=rng.integers(500, 800, 512),
        v_adapt_ref=rng.integers(400, 600, 512),
        enable_coba_exc=rng.random(512) < chance[1] / 2,
        enable_coba_inh=rng.random(512) < chance[1] / 2,
        i_synin_exc_coba=rng.integers(100, 900, 512),
        i_synin_inh_coba=rng.integers(100, 900, 512),
        e_synin_exc_rev=rng.integers(700, 900, 512),
        e_synin_inh_rev=rng.integers(400, 600, 512),
        enable_receiver=rng.random((2, 128)) < 0.8,
        enable_address_out=rng.random((2, 128)) < 0.8,
        enable_hagen_modulation=rng.random((2, 128)) < 0.3,
        dacen_pulse_extension=rng.integers(0, 5, (2, 4)) * (chance[2] < 0.5),
        enable_stp=rng.random((2, 128)) < chance[3],
        stp_target=rng.integers(0, 2, (2, 128)),
        stp_utilization=rng.integers(0, 16, (2, 128)),
        stp_recovery=rng.integers(0, 16, (2, 128)),
        stp_offset=rng.integers(0, 16, (2, 128)),
        stp_recovery_clock=rng.integers(0, 6, 2),
        enable_background=rng.random(8) < 0.7,
        background_random=rng.random(8) < 0.5,
        background_period=rng.integers(20, 200, 8),
        background_rate=rng.integers(0, 256, 8),
        background_seed=rng.integers(0, 2**32, 8),
        background_mask=rng.integers(0, 256, 8) & 0b11000011,
        background_label=rng.integers(0, 2**14, 8) & 0b11100011000011,
    )


def joints(seed):
    """Pairs, pairs with a conductance to a third circuit, lone circuits; one circuit of each membrane may fire."""
    rng = np.random.default_rng(seed)
    names = ("connect_right", "connect_vertical", "connect_soma", "connect_soma_right", "enable_icc")
    made = {name: np.zeros(512, bool) for name in names}
    for block in range(0, 256, 4):
        at = rng.integers(0, 3)
        if at:
            made["connect_right"][block] = True
        if at == 2:
            made["connect_soma"][block] = True
            made["connect_soma_right"][[block, block + 1]] = True
            made["enable_icc"][block + 2] = True
    return made


def one_fires(config, rng):
    """Take comparators away until each membrane has one at most."""
    left = np.flatnonzero(config.connect_right)
    fires = np.array(config.enable_threshold)
    fires[left + (rng.random(len(left)) < 0.5)] = False
    return config.replace(enable_threshold=fires)


def some_of(before, after, rng, share):
    """Write some registers, and of these all or only some elements."""
    chosen = {}
    for name, new in after.registers().items():
        if rng.random() < share and name not in JOINTS:
            whole = rng.random() < 0.5
            chosen[name] = new if whole else np.where(rng.random(new.shape) < 0.5, new, getattr(before, name))
    for name in ("crossbar_mask", "crossbar_target"):  # only together they are legal
        chosen.pop(name, None)
    if rng.random() < share:
        chosen |= {name: getattr(after, name) for name in ("crossbar_mask", "crossbar_target")}
    return before.replace(**chosen)


def programme(fuzzed, seed, cycles, share, joined):
    rng = np.random.default_rng(seed)
    fixed = joints(seed) | {"i_icc": rng.integers(100, 900, 512)} if joined else {}
    config = one_fires(all_registers(fuzzed, seed).replace(**fixed), rng)
    writes, held = [], config
    for i, cycle in enumerate(sorted(cycles)):
        held = some_of(held, one_fires(all_registers(fuzzed, seed + 31 * (i + 1)).replace(**fixed), rng), rng, share)
        held = one_fires(held, rng)
        writes.append((cycle, held))
    return config, writes


def trains(seed, count=60):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, count) << 14 | rng.integers(0, 8, count) << 6 | rng.integers(0, 3, count)
    times = np.sort(rng.integers(0, RUNTIME, count))
    return sorted(zip(times.tolist(), labels.tolist(), strict=True))


def check(fuzzed, events, seed, cycles, share, joined, switches, tolerance):
    config, writes = programme(fuzzed, seed, cycles, share, joined)
    rng = np.random.default_rng(seed)
    neurons = rng.choice(24, 5, replace=False) + 256 * rng.integers(0, 2, 5)
    chosen = np.isin(np.arange(512), neurons)

    def only(one: ChipConfig) -> ChipConfig:
        return one.replace(enable_spike_output=one.enable_spike_output & chosen)

    config, writes = only(config), [(cycle, only(after)) for cycle, after in writes]
    switches = {**switches, **EXACT, "saturation": False}
    chip = Chip(f"w{seed}", seed=7, precision="double", imperfections=Imperfections(**switches))
    train = trains(seed)
    flat = events([train])
    got = chip.run_spiking(config, RUNTIME, *flat, writes=writes, cadc_neurons=neurons)
    want = run_entry(
        config, chip.silicon, RUNTIME, train, neurons.tolist(), RunNoise.of(chip.serial, 7, 0).key, 0, 0, writes
    )
    for i, n in enumerate(neurons[:3].tolist()):
        chip.run_counter = 0
        done = chip._spiking.integrate(
            config,
            RUNTIME,
            check_events(RUNTIME, *flat),
            Recording(neurons, madc_neuron=n),
            chip._noise(0),
            1,
            writes,
        )
        np.testing.assert_allclose(done.trace[0], want.traces[i], rtol=0, atol=tolerance)
    assert list(zip(got.spike_times.tolist(), got.spike_neurons.tolist(), strict=True)) == want.linked
    labels = {(t, event.neuron): event.label for t, event in want.crossbar.returned if event.neuron >= 0}
    for t, n, label in zip(
        got.spike_times.tolist(), got.spike_neurons.tolist(), got.spike_labels.tolist(), strict=True
    ):
        assert label == labels[t, n]
    back = [(t, event.input, event.label) for t, event in want.crossbar.returned if event.neuron < 0]
    found = (got.loopback_times.tolist(), got.loopback_inputs.tolist(), (got.loopback_labels & 0x3FFF).tolist())
    assert sorted(zip(*found, strict=True)) == sorted(back)
    assert got.delivered.tolist() == [want.crossbar.delivered[i] for i in range(20)]
    assert got.dropped.tolist() == [want.crossbar.dropped[i] for i in range(20)]
    assert got.dropped_link[4:].tolist() == [want.crossbar.link_dropped[i] for i in range(4)]
    return got, want


@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize(("switches", "tolerance"), [(SILENT, TOLERANCE), ({"event_loss": False}, 1e-6)])
@pytest.mark.parametrize("seed", range(3))
def test_written_registers_equal_twin(fuzzed, events, seed, joined, switches, tolerance):
    cycles = [0, 100, 101, 203, 320, 500]
    check(fuzzed, events, seed, cycles, 0.7, joined, switches, tolerance)


@settings(max_examples=12, phases=[Phase.generate])
@given(
    seed=st.integers(10, 10**6),
    cycles=st.lists(st.integers(0, RUNTIME - 1), min_size=1, max_size=4),
    share=st.sampled_from([0.05, 0.3, 1.0]),
    joined=st.booleans(),
)
def test_any_write_equals_twin(fuzzed, events, seed, cycles, share, joined):
    check(fuzzed, events, seed, cycles, share, joined, SILENT, TOLERANCE)
