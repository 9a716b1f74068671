"""Contract: events that wait, are lost, come from the background or meet plasticity do so the same whoever asks."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bss2_emulator import Chip

RUNTIME = 1500
COUNTERS = ("delivered", "dropped", "passed", "dropped_link", "background")


@pytest.fixture(scope="module")
def crowded(fuzzed, events):
    """A chip on which much happens at once, and five batch entries of bursts."""
    rng = np.random.default_rng(3)
    config = fuzzed(1)
    mask, target = np.array(config.crossbar_mask), np.array(config.crossbar_target)
    for i in range(12):
        mask[i, 8 + i % 4] = target[i, 8 + i % 4] = 0
    config = config.replace(
        crossbar_mask=mask, crossbar_target=target, enable_stp=rng.random((2, 128)) < 0.5,
        dacen_pulse_extension=rng.integers(0, 3, (2, 4)), enable_background=True, background_random=True,
        background_period=rng.integers(5, 40, 8), background_rate=rng.integers(50, 256, 8), background_mask=0xC3,
        background_seed=rng.integers(0, 2**32, 8), i_correlation_store=700,
    )  # fmt: skip
    trains = [
        [(int(t) // 40 * 40, int(c) << 14 | int(x)) for t, c, x in rng.integers(0, (RUNTIME, 4, 3), (700, 3))]
        for _ in range(5)
    ]
    return config, events(trains)


def arrays(run, counters=True):
    """All arrays of a run but those of the column ADC."""
    named = {field.name: getattr(run, field.name) for field in fields(run)}
    out = {name: value for name, value in named.items() if isinstance(value, np.ndarray)}
    assert set(COUNTERS) < set(out)
    return out if counters else {name: value for name, value in out.items() if name not in COUNTERS}


def same(one, two):
    return one.keys() == two.keys() and all(np.array_equal(one[name], two[name]) for name in one)


def run(case, rows=(3, 260), **arguments):
    config, flat = case
    return Chip("crowd", threads=arguments.pop("threads", 1)).run_spiking(
        config, RUNTIME, *flat, correlation_rows=rows, **arguments
    )


def test_threads_do_not_matter(crowded):
    one = run(crowded)
    assert one.dropped.sum() > 100
    assert one.dropped_link.sum() > 0
    assert one.correlation.any()
    for threads in (2, 4):
        assert same(arrays(one), arrays(run(crowded, threads=threads)))


def test_recording_does_not_matter(crowded):
    one = run(crowded)
    more = run(crowded, rows=(300, 3, 260), cadc_neurons=np.arange(0, 512, 5), madc_neuron=77)
    assert np.array_equal(more.correlation[:, 1:], one.correlation)
    for name in arrays(one):
        if name != "correlation":
            assert np.array_equal(getattr(one, name), getattr(more, name)), name
    config, flat = crowded
    bare = Chip("crowd").run_spiking(config, RUNTIME, *flat)
    for name in ("spike_times", "spike_neurons", "loopback_times", "loopback_labels", "fired_neurons", *COUNTERS):
        assert np.array_equal(getattr(one, name), getattr(bare, name)), name


@settings(max_examples=6)
@given(cut=st.integers(1, 4))
def test_a_batch_is_its_entries(crowded, cut):
    config, (times, labels, offsets) = crowded
    whole, border = run(crowded), offsets[cut]
    head = run((config, (times[:border], labels[:border], offsets[: cut + 1])))
    tail = run((config, (times[border:], labels[border:], offsets[cut:] - border)), first_entry=cut)
    for name in ("spike_times", "spike_neurons", "loopback_times", "loopback_labels", "correlation", "fired_neurons"):
        parts = np.concatenate((getattr(head, name), getattr(tail, name)))
        assert np.array_equal(getattr(whole, name), parts), name
    for name in COUNTERS:
        assert np.array_equal(getattr(whole, name), getattr(head, name) + getattr(tail, name)), name


def test_a_neuron_that_never_fires_changes_nothing(crowded):
    config, flat = crowded
    without = np.array(config.enable_threshold)
    silent = 130
    without[silent] = False
    high = np.where(np.arange(512) == silent, 1022, config.v_threshold)  # in both: cells pull at each other
    off = config.replace(enable_threshold=without, v_threshold=high)
    on = off.replace(enable_threshold=np.where(np.arange(512) == silent, True, without))
    assert same(arrays(run((off, flat), rows=())), arrays(run((on, flat), rows=())))


def test_labels_and_drivers_may_be_exchanged(network, events, slow):
    """The same network on other drivers, buses and labels does the same where there is no mismatch."""
    rng = np.random.default_rng(5)
    weights, neurons = rng.integers(-30, 60, (6, 4)), [3, 90, 300, 411]
    order = rng.permutation(128)[:6]
    times = rng.integers(0, 2500, (2, 80))
    sources = rng.integers(0, 6, (2, 80))
    runs = []
    for place in (np.arange(6), order):
        there = np.zeros((128, 4), int)
        there[place] = weights
        config = network(there, neurons, spiking=True, **slow)
        trains = [
            [(int(t), int(p % 4) << 14 | int(p // 4) << 6) for t, p in zip(ts, place[ss], strict=True)]
            for ts, ss in zip(times, sources, strict=True)
        ]
        runs.append(Chip(fidelity="ideal", precision="double").run_spiking(config, 3000, *events(trains)))
    assert len(runs[0].spike_times) > 10
    assert np.array_equal(runs[0].spike_neurons, runs[1].spike_neurons)
    assert np.abs(runs[0].spike_times - runs[1].spike_times).max() <= 1  # order of sums
