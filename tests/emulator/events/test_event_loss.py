"""Behaviour 13: link, crossbar and buses have a capacity; what exceeds it waits, then is lost and counted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bss2_emulator import Chip, ChipConfig, Imperfections
from bss2_emulator.facts.constants import EVENT_QUEUE, RETURN_QUEUE
from bss2_emulator.facts.coordinates import crossbar_reach


def wired(nodes, **registers):
    """Open crossbar nodes to all labels."""
    config = ChipConfig()
    mask, target = np.array(config.crossbar_mask), np.array(config.crossbar_target)
    for node in nodes:
        mask[node] = target[node] = 0
    return config.replace(crossbar_mask=mask, crossbar_target=target, **registers)


def send(config, runtime, times, labels, fidelity="full", **switches):
    chip = Chip("loss", fidelity, imperfections=Imperfections(**switches))
    return chip.run_spiking(config, runtime, times, labels, [0, len(times)])


@pytest.mark.parametrize("spacing", [10, 1])
@pytest.mark.parametrize("fidelity", ["full", "calibrated", "ideal"])
def test_a_thousand_spikes_loop_back(spacing, fidelity):
    times = np.arange(1000) * spacing
    run = send(wired([(9, 9)]), 10_000, times, np.full(1000, 1 << 14 | 77), fidelity)
    assert len(run.loopback_times) >= 900  # the chip's own test; here none is lost
    assert np.array_equal(run.loopback_times, times)
    assert run.dropped.sum() == run.dropped_link.sum() == 0


def test_simultaneous_events_wait_at_the_link():
    labels = np.arange(8) % 4 << 14
    run = send(wired([(8 + i, 8 + i) for i in range(4)]), 100, np.full(8, 20), labels)
    assert run.loopback_times.tolist() == [20, 20, 21, 21, 22, 22, 23, 23]  # two labels a cycle
    same = send(wired([(8, 8)]), 100, np.full(4, 20), np.zeros(4, int))
    assert same.loopback_times.tolist() == [20, 21, 22, 23]  # one of a channel
    ideal = send(wired([(8, 8)]), 100, np.full(4, 20), np.zeros(4, int), "ideal")
    off = send(wired([(8, 8)]), 100, np.full(4, 20), np.zeros(4, int), event_loss=False)
    assert ideal.loopback_times.tolist() == off.loopback_times.tolist() == [20] * 4


def test_events_that_the_link_cannot_deliver_within_the_run_are_counted():
    run = send(wired([(8, 8)]), 50, np.full(30, 40), np.zeros(30, int))
    assert run.loopback_times.tolist() == list(range(40, 50))
    assert run.dropped_link.tolist() == [20, 0, 0, 0, 0, 0, 0, 0]


def test_a_bus_passes_one_event_a_cycle_and_the_rest_is_counted():
    """Two channels into one bus for 2000 cycles: twice its capacity."""
    count = 2000
    times, labels = np.repeat(np.arange(count), 2), np.tile([0, 1 << 14], count)
    run = send(wired([(8, 2), (9, 2)]), count, times, labels)
    lost = int(run.dropped.sum())
    assert run.passed[2] == run.delivered.sum() == 2 * count - lost
    assert run.passed[2] <= count + 2 * EVENT_QUEUE
    assert lost >= count - 2 * EVENT_QUEUE
    assert run.dropped[8] > 0.3 * lost
    assert run.dropped[9] > 0.3 * lost
    assert run.dropped[8:10].sum() == lost


def test_a_multicast_waits_until_all_its_buses_accept_it():
    """Channel 0 fills bus 5; channel 1 goes to buses 4 and 5 and must wait though bus 4 is free."""
    count = 400
    config = wired([(8, 5), (9, 4), (9, 5)])
    times, labels = np.repeat(np.arange(count), 2), np.tile([0, 1 << 14], count)
    run = send(config, count, times, labels)
    assert run.passed[4] == run.delivered[9]
    assert run.passed[5] == run.delivered[8] + run.delivered[9]
    assert run.passed[5] <= count + 2 * EVENT_QUEUE
    assert run.delivered[9] > 0.3 * count
    alone = send(wired([(8, 5), (9, 4)]), count, times, labels)
    assert alone.dropped.sum() == 0


def test_long_pulses_keep_the_bus_busy():
    """16 times the nominal pulse lasts 8 cycles: no event of the same driver may merge with the one before."""
    count = 800
    times, labels = np.arange(count), np.zeros(count, int)
    run = send(wired([(8, 0)], dacen_pulse_extension=15), count, times, labels)
    assert run.passed[0] == pytest.approx(count / 8, abs=EVENT_QUEUE + 1)
    assert run.passed[0] + run.dropped[8] == count
    short = send(wired([(8, 0)], dacen_pulse_extension=1), count, times, labels)
    assert short.passed[0] == count


def test_events_of_one_label_do_not_merge(network, slow):
    """n events in a row are n times one event."""
    config = network([[30]], [3], **slow)
    reads = []
    for fidelity, count in (("ideal", 1), ("ideal", 8), ("full", 8)):
        off = dict.fromkeys(("membrane_noise", "run_offset", "saturation"), fidelity == "ideal")
        chip = Chip("merge", fidelity, imperfections=Imperfections(**off))
        silent = chip.run_spiking(config, 3000, madc_neuron=3).madc.values.astype(float)
        run = chip.run_spiking(config, 3000, np.full(count, 100), np.zeros(count, int), [0, count], madc_neuron=3)
        assert run.delivered[8] == count
        reads.append((run.madc.values - silent)[400:500].mean())
    assert reads[1] == pytest.approx(8 * reads[0], rel=0.05)
    chip = Chip("merge", imperfections=Imperfections(membrane_noise=False, run_offset=False, madc_noise=False))
    one = [chip.run_spiking(config, 3000, np.full(k, 100), np.zeros(k, int), [0, k], madc_neuron=3) for k in (0, 1, 8)]
    rest, single, eight = (run.madc.values[400:500].astype(float).mean() for run in one)
    assert eight - rest == pytest.approx(8 * (single - rest), rel=0.15)  # MADC steps


def test_neurons_of_an_output_share_it(network):
    """64 neurons that fire together leave one after the other; none is lost."""
    neurons = [n for n in range(512) if n % 256 // 32 == 2]
    config = network(np.zeros((0, 64)), neurons, spiking=True)
    config = config.replace(v_leak=1022, refractory_time=255, event_address=np.arange(512) % 256)
    ideal = Chip(fidelity="ideal").run_spiking(config, 1000)
    assert len(set(ideal.spike_times.tolist())) == 1  # all at once
    switches = Imperfections.none()
    chip = Chip("shared", "full", imperfections=Imperfections(**{**vars(switches), "event_loss": True}))
    run = chip.run_spiking(config, 1000)
    first = int(ideal.spike_times[0])
    assert run.spike_times.tolist() == list(range(first, first + 64))
    assert run.spike_neurons.tolist() == neurons
    assert run.dropped.sum() == run.dropped_link.sum() == 0


def test_the_way_back_has_a_queue(network):
    """Two event outputs, one channel: what does not fit the queue is lost on the link."""
    neurons = [n for n in range(512) if n % 256 // 32 in (1, 5)]
    config = network(np.zeros((0, 128)), neurons, spiking=True)
    config = config.replace(v_leak=1022, refractory_time=255)
    chip = Chip("back", imperfections=Imperfections(**{**vars(Imperfections.none()), "event_loss": True}))
    run = chip.run_spiking(config, 1000)
    assert run.passed[9] == 128
    assert run.dropped_link[4 + 1] == 128 - len(run.spike_times)
    assert len(run.spike_times) == pytest.approx(64 + RETURN_QUEUE, abs=2)
    assert np.diff(run.spike_times).tolist() == [1] * (len(run.spike_times) - 1)


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), loss=st.booleans())
def test_events_sent_are_delivered_or_dropped(seed, loss):
    rng = np.random.default_rng(seed)
    config = ChipConfig()
    mask, target = np.array(config.crossbar_mask), np.array(config.crossbar_target)
    for i, o in np.argwhere(crossbar_reach()):
        if rng.random() < 0.5:
            bits = int(rng.choice([0, 1, 3]))
            mask[i, o], target[i, o] = bits, int(rng.integers(0, 4)) & bits
    fires = rng.random(512) < 0.2
    config = config.replace(
        crossbar_mask=mask, crossbar_target=target, dacen_pulse_extension=rng.integers(0, 3, (2, 4)),
        weight=rng.integers(0, 64, (2, 256, 256)), enable_threshold=fires, enable_spike_output=fires,
        v_leak=rng.integers(600, 900, 512), event_address=rng.integers(0, 256, 512), refractory_time=5,
        enable_background=rng.random(8) < 0.6, background_random=rng.random(8) < 0.5,
        background_period=rng.integers(0, 9, 8), background_rate=rng.integers(0, 256, 8),
        background_mask=rng.integers(0, 4, 8), background_label=rng.integers(0, 4, 8),
    )  # fmt: skip
    count = int(rng.integers(0, 900))
    times = np.sort(rng.integers(0, 300 // rng.choice([1, 10, 100]), count))
    labels = rng.integers(0, 4, count) << 14 | rng.integers(0, 4, count)
    run = send(config, 300, times, labels, event_loss=loss)
    sent = np.zeros(20, np.int64)
    sent[8:12] = np.bincount(labels >> 14, minlength=4) - run.dropped_link[:4]
    sent[12:] = run.background
    sent[:8] = np.bincount(run.fired_neurons % 256 // 32, minlength=8)
    assert np.array_equal(sent, run.delivered + run.dropped)
    assert run.passed[8:].sum() == len(run.spike_times) + len(run.loopback_times) + run.dropped_link[4:].sum()
    for times in (run.spike_times, run.loopback_times):
        assert not len(times) or (times.min() >= 0 and times.max() < 300)
        assert (np.diff(times) >= 0).all()
    if loss:
        assert (run.passed[:8] <= 300 + 64 + EVENT_QUEUE).all()
    else:
        assert run.dropped_link.sum() == 0


def test_counters_are_those_of_the_spikes(network):
    config = network(np.zeros((0, 3)), [7, 270, 400], spiking=True, v_leak=1022, refractory_time=2)
    config = config.replace(i_leak=np.where(np.arange(512) < 300, 1000, 40))
    run = Chip("count", "ideal").run_spiking(config, 60_000, batch_offsets=[0, 0, 0])
    spikes = np.bincount(run.spike_neurons[: run.spike_offsets[1]], minlength=512)
    assert spikes.max() > 255 > spikes[400] > 0
    assert np.array_equal(run.spike_counters.values[0], np.minimum(spikes, 255))
    assert np.array_equal(run.spike_counters.overflow[1], spikes > 255)
    assert run.spike_counters.values.dtype == np.uint8
