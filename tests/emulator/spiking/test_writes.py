"""Registers written during a run: what stays, what changes, and when."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bss2_emulator import Chip, ChipConfig, ConfigError, Imperfections, RunError
from bss2_emulator.facts.constants import CYCLE
from bss2_emulator.neurons.physics import neuron_physics

RUNTIME = 3000
QUIET = Imperfections(
    membrane_noise=False, run_offset=False, cadc_noise=False, cadc_jitter=False, saturation=False, madc_noise=False
)
FELT = np.arange(0, 512, 5)  # neurons of the busy chip


def busy(fuzzed, seed):
    """Some neurons fire into synapses, others are nobody's."""
    rng = np.random.default_rng(seed)
    config = fuzzed(seed)
    here = np.isin(np.arange(512), FELT)
    return config.replace(
        enable_threshold=config.enable_threshold & here,
        enable_spike_output=here,
        enable_adaptation=here & (rng.random(512) < 0.5),
        i_adapt_a=rng.integers(0, 300, 512),
        i_adapt_b=rng.integers(0, 300, 512),
        enable_coba_exc=rng.random(512) < 0.2,
        enable_exponential=rng.random(512) < 0.2,
        i_exp=rng.integers(300, 800, 512),
        enable_stp=rng.random((2, 128)) < 0.4,
        enable_background=np.arange(8) < 5,
        background_period=200,
        background_seed=np.arange(8),
        background_random=True,
        background_rate=100,
    )


def bursts(events, seed, batch=3, count=200):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, (batch, count)) << 14 | rng.integers(0, 8, (batch, count)) << 6
    times = np.sort(rng.integers(0, RUNTIME, (batch, count)), axis=1)
    return events([list(zip(t.tolist(), x.tolist(), strict=True)) for t, x in zip(times, labels, strict=True)])


def run(config, flat, writes=(), threads=1, first_entry=0, **more):
    alone = Imperfections(cell_crosstalk=False)  # else cells feel what is written to those beside them
    chip = Chip("written", seed=3, threads=threads, imperfections=alone)
    recording = {"cadc_neurons": FELT, "madc_neuron": 5} | more
    return chip.run_spiking(config, RUNTIME, *flat, **recording, writes=writes, first_entry=first_entry)


def contents(value):
    if isinstance(value, tuple):
        return [part for item in value for part in contents(item)]
    return [np.asarray(value)]


def assert_same(one, other):
    for field in fields(one):
        if field.name == "written":
            continue
        left, right = contents(getattr(one, field.name)), contents(getattr(other, field.name))
        for a, b in zip(left, right, strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b, err_msg=field.name)


def unfelt(config, rng):
    """Change what nobody feels: neurons that nobody sees, rows that no event reaches, sensors that nobody reads."""
    nobody = ~np.isin(np.arange(512), FELT)
    silent = np.ones((2, 256), bool)
    silent[:, :] = config.row_mode == 0
    changed = {}
    for name in ("v_leak", "i_leak", "v_threshold", "refractory_time", "event_address", "i_synin_exc_gm", "i_adapt_a"):
        old = getattr(config, name)
        changed[name] = np.where(nobody, rng.integers(0, 256, 512), old)
    changed["enable_coba_inh"] = config.enable_coba_inh | (nobody & (rng.random(512) < 0.5))
    changed["weight"] = np.where(silent[:, :, None], rng.integers(0, 64, (2, 256, 256)), config.weight)
    changed["i_correlation_ramp"] = rng.integers(0, 200, 4)
    changed["stp_utilization"] = np.where(config.enable_stp, config.stp_utilization, rng.integers(0, 16, (2, 128)))
    changed["background_label"] = np.where(config.enable_background, config.background_label, 77)
    return config.replace(**changed)


@settings(max_examples=8)
@given(seed=st.integers(0, 99), cycles=st.lists(st.integers(0, RUNTIME - 1), min_size=1, max_size=4))
def test_a_write_that_nobody_feels_changes_no_byte(fuzzed, events, seed, cycles):
    config, flat, rng = busy(fuzzed, seed % 5), bursts(events, seed), np.random.default_rng(seed)
    plain = run(config, flat)
    assert len(plain.spike_times) > 20
    copies = [(cycle, config.replace(v_leak=config.v_leak.copy())) for cycle in sorted(cycles)]
    assert_same(run(config, flat, copies, correlation_rows=[3]), run(config, flat, correlation_rows=[3]))
    assert_same(run(config, flat, [(cycle, unfelt(config, rng)) for cycle in sorted(cycles)]), plain)


@pytest.mark.parametrize("seed", range(3))
def test_a_write_changes_nothing_before_it(fuzzed, events, seed):
    config, flat = busy(fuzzed, seed), bursts(events, seed)
    other = busy(fuzzed, seed + 10)
    plain, written = run(config, flat), run(config, flat, [(1500, other)])
    border = 1504  # the first step that begins there or later
    for one, two in zip(plain.cadc, written.cadc, strict=True):
        early = one.times < border
        np.testing.assert_array_equal(one.values[early], two.values[early])
        assert (one.values[~early] != two.values[~early]).mean() > 0.3
    early = plain.madc.times < border - 8
    np.testing.assert_array_equal(plain.madc.values[early], written.madc.values[early])
    early = [result.spike_times < border - 13 for result in (plain, written)]
    np.testing.assert_array_equal(plain.spike_times[early[0]], written.spike_times[early[1]])
    np.testing.assert_array_equal(plain.spike_labels[early[0]], written.spike_labels[early[1]])
    assert len(plain.spike_times) != len(written.spike_times)


def test_results_with_writes_depend_neither_on_threads_nor_on_the_batch(fuzzed, events):
    config, flat = busy(fuzzed, 1), bursts(events, 1)
    writes = [(400, busy(fuzzed, 2)), (1111, busy(fuzzed, 3)), (2000, config)]
    whole = run(config, flat, writes)
    assert_same(run(config, flat, writes, threads=3), whole)
    times, labels, offsets = flat
    for entry in range(3):
        part = slice(offsets[entry], offsets[entry + 1])
        alone = run(config, (times[part], labels[part], [0, part.stop - part.start]), writes, first_entry=entry)
        mine = slice(whole.spike_offsets[entry], whole.spike_offsets[entry + 1])
        np.testing.assert_array_equal(alone.spike_times, whole.spike_times[mine])
        np.testing.assert_array_equal(alone.spike_neurons, whole.spike_neurons[mine])
        for one, all_of_them in zip(alone.cadc, whole.cadc, strict=True):
            here = slice(all_of_them.offsets[entry], all_of_them.offsets[entry + 1])
            np.testing.assert_array_equal(one.values, all_of_them.values[here])


@pytest.mark.parametrize("seed", range(3))
def test_no_event_is_lost_without_being_counted(fuzzed, events, seed):
    """Link: sent = arrived + lost; crossbar: arrived and generated and fired = forwarded + dropped."""
    config, flat = busy(fuzzed, seed), bursts(events, seed, count=1500)
    writes = [(cycle, busy(fuzzed, seed + cycle)) for cycle in (501, 1007, 2501)]
    result = run(config, flat, writes)
    arrived = result.delivered + result.dropped
    assert arrived[8:12].sum() == len(flat[0]) - result.dropped_link[:4].sum()
    np.testing.assert_array_equal(arrived[12:], result.background)
    assert arrived[:8].sum() == result.spike_counters.values.sum()
    assert result.spike_counters.overflow.sum() == 0


def at_rest(n=3, **registers):
    return ChipConfig(**{"i_leak": 95, "v_leak": 500, "i_synin_exc_tau": 50, "i_synin_inh_tau": 50, **registers}), n


def trace_of(config, writes, network_events=((), (), (0, 0)), n=3, runtime=6000):
    chip = Chip(fidelity="ideal", imperfections=QUIET, precision="double")
    from bss2_emulator.spiking.inputs import Recording, check_events

    batch = check_events(runtime, *network_events)
    recording = Recording(np.array([n]), madc_neuron=n)
    done = chip._spiking.integrate(chip.landed(config), runtime, batch, recording, chip._noise(0), 1, writes)
    return chip, done.trace[0], np.arange(done.trace.shape[1]) * 8


def test_the_membrane_relaxes_to_a_new_leak_potential_with_the_new_time_constant():
    config, n = at_rest()
    after = config.replace(v_leak=700, i_leak=300)
    chip, trace, cycles = trace_of(config, [(1001, after)])
    before, law = (neuron_physics(chip.landed(one), chip.silicon) for one in (config, after))
    tau = law.capacitance[n] / law.leak[n]
    t = np.maximum(cycles - 1008, 0) * CYCLE
    want = law.leak_potential[n] + (before.leak_potential[n] - law.leak_potential[n]) * np.exp(-t / tau)
    np.testing.assert_allclose(trace, want, rtol=0, atol=1e-9)


def test_events_after_a_write_of_their_weight_are_not_felt(network, events, slow, label):
    config = network([[40]], [3], **slow)
    flat = events([[(800, label(0)), (2400, label(0))]])
    once = events([[(800, label(0))]])
    silent = config.replace(weight=0)
    _, written, cycles = trace_of(config, [(1600, silent)], flat)
    _, alone, _ = trace_of(config, [], once)
    _, both, _ = trace_of(config, [], flat)
    np.testing.assert_array_equal(written, alone)  # the potential of the first event goes on
    assert np.ptp(alone[cycles >= 1600]) > 0.005
    assert np.abs(both - written)[cycles > 2600].max() > 0.01


def test_what_a_synaptic_line_draws_follows_the_gain(network, events, slow, label):
    """With gain 0 the membrane forgets the event; the line does not: its voltage decays and acts again later."""
    config = network([[40]], [3], **slow)
    flat = events([[(800, label(0))]])
    off = config.replace(i_synin_exc_gm=0)
    chip, trace, cycles = trace_of(config, [(1200, off), (2000, config)], flat)
    physics = neuron_physics(chip.landed(config), chip.silicon)
    rest, tau, tau_syn = (
        float(x) for x in (physics.leak_potential[3], physics.capacitance[3] / physics.leak[3], physics.tau_syn[0, 3])
    )
    weight = 40 * float(physics.event_current[0, 3]) / float(physics.capacitance[3])

    def psp(t, start, current):  # from rest, of a current that decays from `start` on
        t = np.maximum(t - start, 0) * CYCLE
        return current / (1 / tau_syn - 1 / tau) * (np.exp(-t / tau) - np.exp(-t / tau_syn))

    decay = np.exp(-400 * CYCLE / tau_syn)
    want = psp(cycles, 800, weight) - psp(cycles, 1200, weight * decay)
    want += psp(cycles, 2000, weight * np.exp(-1200 * CYCLE / tau_syn))
    np.testing.assert_allclose(trace, rest + want, rtol=0, atol=1e-7)


def test_thresholds_and_refractory_periods_hold_from_their_write_on():
    """A membrane above a lowered threshold fires at once, then with the period of the registers at each reset."""
    config, n = at_rest(
        v_leak=700, v_threshold=600, v_reset=400, enable_threshold=True, enable_spike_output=True,
        refractory_time=100, holdoff=15, i_reset=1022,
    )  # fmt: skip
    mask, target = np.array(config.crossbar_mask), np.array(config.crossbar_target)
    mask[:8, 8:], target[:8, 8:] = 0, np.where(np.arange(4) == np.arange(8)[:, None] % 4, 0, 0x3FFF)
    config = config.replace(crossbar_mask=mask, crossbar_target=target)
    lowered = config.replace(v_threshold=200, v_reset=700)
    longer = lowered.replace(refractory_time=250)
    chip = Chip(fidelity="ideal", imperfections=QUIET)
    # the reset lies above the lowered threshold: the period is the refractory time
    result = chip.run_spiking(config, 12_000, writes=[(1000, lowered), (4000, longer)])
    times = result.spike_times[result.spike_neurons == n]
    assert times[0] in range(1000, 1012)
    law = [int(neuron_physics(chip.landed(one), chip.silicon).refractory_cycles[n]) for one in (lowered, longer)]
    assert law[1] > 2 * law[0]
    early, late = times[times < 4000], times[times >= 4000]
    assert len(early) > 3
    assert len(late) > 3
    assert set(np.diff(early)) <= set(range(law[0], law[0] + 13))
    assert late[0] - early[-1] in range(law[0], law[0] + 13)  # the period that had begun
    assert set(np.diff(late)) <= set(range(law[1], law[1] + 13))


def test_an_output_is_open_from_its_write_on(network, events, label):
    config = network(np.full((40, 1), 63), [3], spiking=True, v_threshold=200)
    flat = events([[(t, label(i)) for t in (500, 1500, 2500) for i in range(40)]])
    closed = config.replace(enable_spike_output=False)
    renamed = config.replace(event_address=99)
    chip = Chip(fidelity="ideal", imperfections=QUIET)
    result = chip.run_spiking(closed, RUNTIME, *flat, writes=[(1000, config), (2000, renamed)])
    assert result.spike_times.min() > 1000
    first = result.spike_times < 2000
    assert set(result.spike_labels[first] & 0xFF) == {0}
    assert set(result.spike_labels[~first] & 0xFF) == {99}
    assert set(result.spike_neurons) == {3}
    assert result.spike_counters.values[0, 3] == len(result.spike_times)


def test_a_generator_starts_anew_where_its_registers_change():
    mask, target = np.zeros((20, 12), int), np.full((20, 12), 0x3FFF)
    target[12, 8] = 0
    config = ChipConfig(
        crossbar_mask=mask, crossbar_target=target, enable_background=np.arange(8) == 0, background_period=199
    )
    off, faster = config.replace(enable_background=False), config.replace(background_period=99)
    result = Chip().run_spiking(config, 1000, writes=[(250, off), (403, config), (600, faster), (700, faster)])
    slow_again = [508]  # 100 cycles after the first step that begins at 403 or later
    assert result.loopback_times.tolist() == [100, 200, *slow_again, *range(650, 1000, 50)]
    assert result.background[0] == len(result.loopback_times)


@pytest.mark.parametrize(
    ("writes", "error", "message"),
    [
        ([(5, {"v_leak": 3})], RunError, "pairs of a cycle and a ChipConfig"),
        ([5], RunError, "pairs of a cycle"),
        ([(3000, ChipConfig())], RunError, r"cycle 3000, wanted ascending cycles in \[0, 3000\)"),
        ([(20, ChipConfig()), (10, ChipConfig())], RunError, "cycle 10"),
        ([(2.5, ChipConfig())], RunError, r"cycle 2\.5"),
        ([(5, ChipConfig(connect_right=np.arange(512) == 1))], RunError, "'connect_right' at cycle 5: circuits are"),
        ([(5, ChipConfig(label=1))], RunError, "'label' at cycle 5: correlation sensors"),
    ],
)
def test_writes_that_no_run_can_take_are_refused(writes, error, message):
    chip = Chip()
    with pytest.raises(error, match=message):
        chip.run_spiking(ChipConfig(), RUNTIME, writes=writes, correlation_rows=[3])
    assert chip.run_counter == 0
    joined = ChipConfig(connect_right=np.arange(512) == 1)
    with pytest.raises(ConfigError, match="share one membrane"):
        chip.run_spiking(joined, RUNTIME, writes=[(5, joined.replace(enable_threshold=True))], cadc_neurons=[1])


@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_the_past_fades(fuzzed, events, seed, joined):
    """Long after a write the chip, noise and offsets included, is as if it had held its registers all along."""

    def registers(number):
        rng = np.random.default_rng(number)
        return busy(fuzzed, number).replace(
            **{f"connect_{to}": joined & (np.arange(512) % 8 == 2) for to in ("right", "soma")},
            connect_soma_right=joined & np.isin(np.arange(512) % 8, (2, 3)),
            enable_icc=joined & (np.arange(512) % 8 == 4),
            i_icc=rng.integers(100, 900, 512),
            enable_threshold=False,
            enable_leak=True,
            i_leak=rng.integers(300, 700, 512),
            v_leak=rng.integers(550, 650, 512),
            i_synin_exc_tau=rng.integers(150, 400, 512),
            i_synin_inh_tau=rng.integers(150, 400, 512),
            enable_adaptation=rng.random(512) < 0.5,
            i_adapt_tau=rng.integers(700, 1022, 512),
            v_exp=rng.integers(800, 1000, 512),
            enable_background=np.arange(8) < 5,
            background_random=False,
            background_period=1999,  # 8 us: in step with the write
            stp_recovery=10,
            stp_recovery_clock=5,
            readout_source=rng.integers(0, 4, 512),
        )

    before, after = registers(seed), registers(seed + 20)
    rng = np.random.default_rng(seed)
    trains = [
        sorted(zip(rng.integers(0, 30_000, 600).tolist(), (rng.integers(0, 4, 600) << 14).tolist(), strict=True))
        for _ in range(2)
    ]
    runs = []
    for config, writes in ((after, []), (before, [(2000, after)])):
        chip = Chip(f"fades-{seed}", imperfections=Imperfections(event_loss=False, cell_write=False))
        recording = {"cadc_neurons": np.arange(512), "cadc_in_dram": True}
        runs.append(chip.run_spiking(config, 30_000, *events(trains), writes=writes, **recording))
    for one, other in zip(*(result.cadc for result in runs), strict=True):
        late = one.times > 25_000
        early = (one.times > 1000) & (one.times < 3000)
        assert (one.values[early] != other.values[early]).mean() > 0.5
        assert (one.values[late] != other.values[late]).mean() < 1e-3  # a rounding now and then
