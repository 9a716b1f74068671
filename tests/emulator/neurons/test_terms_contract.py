"""Contract and properties of neurons with terms: the same bytes whatever is recorded, split or beside them."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bss2_emulator import Chip, Imperfections

RUNTIME = 1500
fast = settings(max_examples=15)


def mixed(seed):
    """Registers under which every kind of neuron occurs."""
    rng = np.random.default_rng(seed)
    joints = np.isin(np.arange(512), range(0, 60, 6))
    return {
        "enable_exponential": rng.random(512) < 0.4, "i_exp": 511, "v_exp": 480,
        "enable_adaptation": rng.random(512) < 0.5, "i_adapt_tau": 200, "i_adapt_a": 50, "i_adapt_b": 100,
        "v_adapt_leak": 629, "enable_coba_exc": rng.random(512) < 0.4, "enable_coba_inh": rng.random(512) < 0.4,
        "i_synin_exc_coba": 400, "i_synin_inh_coba": 500, "e_synin_exc_rev": 900, "e_synin_inh_rev": 550,
        "connect_right": joints, "connect_soma": joints,
        "connect_soma_right": np.roll(joints, 1) | joints, "enable_icc": np.roll(joints, 2), "i_icc": 200,
        "v_leak": 690, "v_threshold": 300,
    }  # fmt: skip


@pytest.fixture(scope="module")
def case(network, events, label):
    rng = np.random.default_rng(3)
    neurons = [n for n in range(120) if n % 6 != 1]  # one circuit of each pair
    config = network(rng.integers(-30, 63, (12, len(neurons))), neurons, spiking=True, **mixed(3))
    trains = [[(int(t), label(int(s))) for t, s in rng.integers(0, (RUNTIME, 12), (100, 2))] for _ in range(5)]
    return config, neurons, events(trains)


def content(run):
    arrays = [run.spike_times, run.spike_neurons, run.spike_offsets, *(s.values for s in run.cadc)]
    return arrays + ([run.madc.values] if run.madc else [])


def same(one, two):
    return all(np.array_equal(a, b) for a, b in zip(content(one), content(two), strict=True))


def test_threads_and_order_of_runs_do_not_matter(case):
    config, neurons, flat = case
    runs = [Chip("t", threads=k).run_spiking(config, RUNTIME, *flat, neurons, madc_neuron=3) for k in (1, 2, 4)]
    assert len(runs[0].spike_times) > 200
    assert same(runs[0], runs[1])
    assert same(runs[0], runs[2])
    chip = Chip("t")
    chip.run_spiking(config.replace(enable_adaptation=False), RUNTIME, *flat)
    chip.run_counter = 0
    assert same(chip.run_spiking(config, RUNTIME, *flat, neurons, madc_neuron=3), runs[0])


def test_spikes_come_by_time_then_neuron(case):
    config, _, flat = case
    run = Chip("t").run_spiking(config, RUNTIME, *flat)
    for a, b in zip(run.spike_offsets[:-1], run.spike_offsets[1:], strict=True):
        keys = run.spike_times[a:b] * 512 + run.spike_neurons[a:b]
        assert (np.diff(keys) > 0).all()


@pytest.mark.parametrize("cut", [1, 3])
def test_splitting_a_batch_does_not_matter(case, cut):
    config, neurons, (times, labels, offsets) = case
    whole = Chip("t").run_spiking(config, RUNTIME, times, labels, offsets, neurons)
    border = offsets[cut]
    tail = Chip("t").run_spiking(
        config, RUNTIME, times[border:], labels[border:], offsets[cut:] - border, neurons, first_entry=cut
    )
    assert np.array_equal(whole.spike_times[whole.spike_offsets[cut] :], tail.spike_times)
    assert np.array_equal(whole.cadc[0].values[whole.cadc[0].offsets[cut] :], tail.cadc[0].values)


@fast
@given(st.lists(st.integers(0, 511), max_size=12, unique=True))
def test_what_is_recorded_does_not_matter(case, others):
    config, neurons, flat = case
    plain = Chip("t").run_spiking(config, RUNTIME, *flat, neurons)
    more = Chip("t").run_spiking(config, RUNTIME, *flat, list(dict.fromkeys([*others, *neurons])))
    assert np.array_equal(plain.spike_times, more.spike_times)
    assert np.array_equal(plain.spike_neurons, more.spike_neurons)
    at = [more.cadc[0].neurons.tolist().index(n) for n in plain.cadc[0].neurons.tolist()]
    assert np.array_equal(plain.cadc[0].values, more.cadc[0].values[:, at])


@fast
@given(st.integers(0, 99), st.randoms(use_true_random=False))
def test_permuting_neurons_permutes_results(network, events, label, seed, random):
    rng = np.random.default_rng(seed)
    terms = {name: value for name, value in mixed(seed).items() if not name.startswith(("connect", "enable_icc"))}
    neurons, moved = [sorted(random.sample(range(512), 8)) for _ in range(2)]
    moved = random.sample(moved, 8)
    weights = rng.integers(-30, 63, (4, 8))
    flat = events([[(int(t), label(int(s))) for t, s in rng.integers(0, (RUNTIME, 4), (60, 2))]])
    other = dict(terms)
    for name, value in terms.items():
        if np.ndim(value):
            other[name] = np.array(value)
            other[name][moved] = value[neurons]
    chip = Chip("t", "ideal", imperfections=Imperfections.none())
    runs = [
        chip.run_spiking(network(weights, where, spiking=True, **registers), RUNTIME, *flat)
        for where, registers in ((neurons, terms), (moved, other))
    ]
    places = dict(zip(neurons, moved, strict=True))
    pairs = [sorted(zip(r.spike_times.tolist(), r.spike_neurons.tolist(), strict=True)) for r in runs]
    assert sorted((t, places[n]) for t, n in pairs[0]) == pairs[1]


@pytest.mark.parametrize("fidelity", ["full", "ideal"])
def test_a_plain_neuron_does_not_know_what_others_are(network, events, label, fidelity):
    """With free links: over busy ones the spikes of others delay its own."""
    rng = np.random.default_rng(5)
    flat = events([[(int(t), label(int(s))) for t, s in rng.integers(0, (RUNTIME, 6), (80, 2))]])
    config = network(rng.integers(0, 63, (6, 40)), range(40), spiking=True, v_threshold=280)
    terms = np.isin(np.arange(512), range(20, 40))
    switches = Imperfections(event_loss=False) if fidelity == "full" else Imperfections.none()
    other = config.replace(enable_exponential=terms, i_exp=511, enable_adaptation=terms, i_adapt_b=100)
    chips = [Chip("t", fidelity, imperfections=switches) for _ in range(2)]
    runs = [chip.run_spiking(c, RUNTIME, *flat, range(20)) for chip, c in zip(chips, (config, other), strict=True)]
    spikes = [list(zip(r.spike_times, r.spike_neurons, strict=True)) for r in runs]
    assert [s for s in spikes[0] if s[1] < 20] == [s for s in spikes[1] if s[1] < 20]
    assert np.array_equal(runs[0].cadc[0].values, runs[1].cadc[0].values)
    assert spikes[0] != spikes[1]


def test_fingerprint(case):
    """As test_contract.py: changes when a release changes what neurons with terms and joined circuits do."""
    config, neurons, flat = case
    run = Chip("fingerprint", seed=1).run_spiking(config, RUNTIME, *flat, neurons, madc_neuron=neurons[0])
    digest = hashlib.blake2b(digest_size=8)
    for array in content(run):
        digest.update(np.ascontiguousarray(array).tobytes())
    assert digest.hexdigest() == "ba7a3fd54a6ac3fa"


def test_a_short_exponential_does_not_move_who_is_in_reset(tmp_path, network):
    """Property: a membrane in reset falls to its reset, also where an exponential would have it explode there."""
    sheet = tmp_path / "short.csv"
    columns = "name,unit,mean,spread,law,calibrated,correlation,switch,source"
    sheet.write_text(f"{columns}\nexp_sharpness,V times code,0.05,0.1,log,1,,exponential,test\n")
    config = network(
        np.zeros((1, 1), int), [8], spiking=True, enable_exponential=True, i_exp=1000, v_exp=200, v_leak=700,
        v_threshold=400, v_reset=500, refractory_time=200, refractory_use_fast_clock=True,
    )  # fmt: skip
    run = Chip("short", "ideal", sheet=sheet).run_spiking(config, 2000, madc_neuron=8)
    first = int(run.spike_times[0])
    inside = run.madc.values[(run.madc.times > first) & (run.madc.times < first + 200)].astype(int)
    assert len(inside) > 8
    assert (np.diff(inside) <= 0).all()
