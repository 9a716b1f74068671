"""Reference: the event path against a slow oracle; properties of loss."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bss2_emulator import Chip, ChipConfig, ConfigError
from bss2_emulator.events.path import forwarded, route
from bss2_emulator.facts.coordinates import QUADRANT, crossbar_reach
from bss2_emulator.reference.events.path import crossbar_outputs, synapses
from bss2_emulator.reference.synram.dac import level
from bss2_emulator.silicon.serial import Silicon
from bss2_emulator.synram.weights import compile_synapses


def sources(seed, count):
    rng = np.random.default_rng(seed)
    inputs = rng.integers(0, 20, count)
    return inputs, rng.integers(0, 32, count) << 6 | rng.integers(0, 3, count) | rng.integers(0, 8, count) << 11


@pytest.mark.parametrize("seed", range(3))
def test_crossbar_equals_oracle(fuzzed, seed):
    config = fuzzed(seed)
    inputs, labels = sources(seed, 300)
    got = forwarded(config, inputs, labels)
    for i, (crossbar_input, label) in enumerate(zip(inputs.tolist(), labels.tolist(), strict=True)):
        assert np.flatnonzero(got[i]).tolist() == sorted(crossbar_outputs(config, crossbar_input, label))


@pytest.mark.parametrize("seed", range(2))
def test_synapses_equal_oracle(fuzzed, seed):
    config = fuzzed(seed)
    rng = np.random.default_rng(seed)
    inputs, labels = sources(seed, 12)
    silicon = Silicon("rows", "full")
    routes = route(config, inputs, labels, silicon)
    active = np.sort(rng.choice(512, 40, replace=False))
    scale = rng.uniform(0.5, 2, (2, 48))
    got = compile_synapses(config, silicon, routes, active, scale, 1)
    for source, (crossbar_input, label) in enumerate(zip(inputs.tolist(), labels.tolist(), strict=True)):
        want = np.zeros((2, 512))
        for hit in synapses(config, crossbar_input, label, silicon):
            place = hit.neuron // 256, hit.row, hit.column
            weight = level(silicon, int(QUADRANT[hit.neuron]), int(config.weight[place]))
            want[int(hit.inhibitory), hit.neuron] += weight * float(silicon.synapse[place]) * hit.pulse
        action = routes.action[source]
        if action < 0:
            assert not want.any()
            continue
        for line, sums in enumerate((got.exc[action], got.inh[action])):
            np.testing.assert_allclose(sums[:40], want[line, active] * scale[line, :40], rtol=1e-12)
            assert not sums[40:].any()
            low, high = got.spans[action, 2 * line : 2 * line + 2]
            assert not sums[:low].any()
            assert not sums[high:].any()


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6))
def test_events_are_looped_back_dropped_or_forwarded(seed):
    rng = np.random.default_rng(seed)
    config = ChipConfig()
    mask, target = np.array(config.crossbar_mask), np.array(config.crossbar_target)
    for channel in range(4):
        for output in (*rng.choice(8, 2, replace=False), 8 + channel):
            if rng.random() < 0.6:
                mask[8 + channel, output], target[8 + channel, output] = 1, rng.integers(0, 2)
    labels = rng.integers(0, 2**16, 200).astype(np.uint16)
    times = np.sort(rng.integers(0, 100, 200))
    run = Chip(fidelity="ideal").run_spiking(
        config.replace(crossbar_mask=mask, crossbar_target=target), 100, times, labels, [0, 120, 200]
    )
    outputs = forwarded(
        config.replace(crossbar_mask=mask, crossbar_target=target), 8 + (labels >> 14), labels.astype(np.int64) & 0x3FFF
    )
    assert run.dropped.sum() == (~outputs.any(axis=1)).sum()
    assert run.dropped[:8].sum() == run.dropped[12:].sum() == 0
    back = outputs[:, 8:].any(axis=1)
    assert np.array_equal(run.loopback_times, times[back])
    assert np.array_equal(run.loopback_labels, labels[back])
    assert run.loopback_offsets.tolist() == [0, back[:120].sum(), back.sum()]


def test_all_of_a_thousand_spikes_loop_back():
    config = ChipConfig()
    mask, target = np.array(config.crossbar_mask), np.array(config.crossbar_target)
    mask[9, 9] = target[9, 9] = 0
    config = config.replace(crossbar_mask=mask, crossbar_target=target)
    times = np.arange(1000) * 10
    labels = np.full(1000, 1 << 14 | 77)
    run = Chip().run_spiking(config, 10_000, times, labels, [0, 1000])
    assert np.array_equal(run.loopback_times, times)
    assert set(run.loopback_labels.tolist()) == {1 << 14 | 77}


def test_the_chip_has_76_crossbar_nodes():
    reach = crossbar_reach()
    assert reach.sum() == 76
    for i, o in np.argwhere(~reach)[::17]:
        config = ChipConfig()
        target = np.array(config.crossbar_target)
        target[i, o] = 0
        with pytest.raises(ConfigError, match="no such node"):
            config.replace(crossbar_target=target)


def test_spike_labels_name_output_and_address(network):
    config = network(np.zeros((0, 2)), [37, 300], spiking=True, v_leak=900, event_address=np.arange(512) % 256)
    run = Chip(fidelity="ideal").run_spiking(config, 5000)
    assert set(zip(run.spike_neurons.tolist(), run.spike_labels.tolist(), strict=True)) == {
        (37, 1 << 8 | 37),
        (300, 1 << 8 | 44),
    }
    assert run.dropped.sum() == 0


def test_spikes_that_no_node_forwards_are_counted(network):
    config = network(np.zeros((0, 2)), [37, 300], spiking=True, v_leak=900)
    closed = config.replace(crossbar_mask=0, crossbar_target=0x3FFF)
    sent = Chip(fidelity="ideal").run_spiking(config, 5000)
    lost = Chip(fidelity="ideal").run_spiking(closed, 5000)
    assert len(lost.spike_times) == 0
    assert lost.dropped[1] == len(sent.spike_times) > 0
