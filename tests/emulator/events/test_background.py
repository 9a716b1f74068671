"""Behaviour 14: background generators are quantised Poisson sources, reproducible by their seed."""

import numpy as np
import pytest

from bss2_emulator import Chip, ChipConfig, ConfigError
from bss2_emulator.reference.events.background import generate, shift


def background(**registers):
    """All generators on, their events over the link."""
    config = ChipConfig()
    mask, target = np.array(config.crossbar_mask), np.array(config.crossbar_target)
    for k in range(8):
        mask[12 + k, 8 + k % 4] = target[12 + k, 8 + k % 4] = 0
    fixed = {"crossbar_mask": mask, "crossbar_target": target, "enable_background": np.arange(8) == 0}
    return config.replace(**(fixed | {f"background_{name}": value for name, value in registers.items()}))


def run(config, runtime, **arguments):
    return Chip(fidelity="ideal").run_spiking(config, runtime, **arguments)


@pytest.mark.parametrize("source", [0, 3, 4, 7])
@pytest.mark.parametrize(
    ("period", "rate", "seed", "mask"), [(0, 255, 1, 0), (0, 30, 0, 0x3F), (1, 0, 5, 0xFF), (6, 100, 2**32 - 1, 0x81)]
)
@pytest.mark.parametrize("random", [False, True])
def test_generators_equal_their_twin(source, period, rate, seed, mask, random):
    config = background(random=random, period=period, rate=rate, seed=seed, mask=mask, label=0x2A5C)
    config = config.replace(enable_background=np.arange(8) == source)
    got = run(config, 1001)
    want = generate(config, source, 1001)
    labels = (got.loopback_labels & 0x3FFF).tolist()
    assert list(zip(got.loopback_times.tolist(), labels, strict=True)) == want
    assert (got.loopback_labels >> 14 == source % 4).all()
    assert (got.loopback_inputs == 12 + source).all()
    assert got.background.tolist() == [len(want) if k == source else 0 for k in range(8)]


def test_the_shift_register_visits_no_word_twice():
    word, seen = 1, set()
    for _ in range(20_000):
        assert word not in seen
        seen.add(word)
        word = shift(word)


@pytest.mark.parametrize(("period", "rate"), [(9, 63), (4, 12), (24, 127)])
def test_intervals_are_those_of_a_quantised_poisson_source(period, rate):
    probability = (rate + 1) / 256
    mean = (period + 1) / 2 / probability  # cycles
    got = run(background(random=True, period=period, rate=rate, seed=1234), int(20_500 * mean))
    intervals = np.diff(got.loopback_times[:20_001])
    assert len(intervals) == 20_000
    assert intervals.mean() == pytest.approx(mean, rel=0.02)
    assert intervals.std() / intervals.mean() == pytest.approx(np.sqrt(1 - probability), rel=0.03)


def test_regular_events_come_a_period_apart_and_the_first_after_a_full_one():
    got = run(background(period=249), 10_000)
    assert got.loopback_times.tolist() == list(range(125, 10_000, 125))  # 250 counts of 4 ns


def test_no_more_than_one_event_a_cycle():
    for random, rate in ((False, 0), (True, 255)):
        got = run(background(random=random, rate=rate, period=0), 500)
        assert got.loopback_times.tolist() == list(range(500))


def test_rate_zero_is_silent():
    got = run(background(random=True, period=3, rate=0), 100_000)
    assert len(got.loopback_times) == got.background.sum() == 0


def test_a_generator_that_is_off_is_silent():
    got = run(background(period=3).replace(enable_background=False), 1000)
    assert len(got.loopback_times) == 0


def test_labels_are_drawn_where_the_mask_says():
    got = run(background(period=1, mask=0x3F, label=0x1FC0), 5000)
    labels = got.loopback_labels & 0x3FFF
    assert set((labels & 0x3F).tolist()) == set(range(64))
    assert set((labels & ~np.uint16(0x3F)).tolist()) == {0x1FC0}
    counts = np.bincount(labels & 0x3F, minlength=64)
    chi2 = ((counts - counts.mean()) ** 2 / counts.mean()).sum()
    assert 29.6 < chi2 < 110.3  # 99.9 % of chi squared with 63 degrees of freedom
    fixed = run(background(period=1, mask=0, label=0x1FC5), 500)
    assert set((fixed.loopback_labels & 0x3FFF).tolist()) == {0x1FC5}


def test_the_seed_decides_and_nothing_else():
    config = background(random=True, period=2, rate=80, seed=77, mask=0xFF)
    chip = Chip("any", seed=3)
    first = chip.run_spiking(config, 3000, batch_offsets=[0, 0, 0])
    second = Chip("other", seed=4).run_spiking(config, 3000, first_entry=5)
    half = first.loopback_offsets[1]
    for times in (first.loopback_times[half:], second.loopback_times):
        assert np.array_equal(first.loopback_times[:half], times)
    assert np.array_equal(first.loopback_labels[:half], first.loopback_labels[half:])
    other = run(config.replace(background_seed=78), 3000)
    assert not np.array_equal(other.loopback_times, second.loopback_times)
    assert np.array_equal(
        run(config.replace(background_seed=0), 3000).loopback_times,
        run(config.replace(background_seed=1), 3000).loopback_times,
    )


def test_generators_reach_neurons_of_their_hemisphere(network):
    config = network(np.full((128, 2), 40), [5, 300], to_synapses=True)
    mask, target = np.array(config.crossbar_mask), np.array(config.crossbar_target)
    for k in range(8):
        mask[12 + k, k] = target[12 + k, k] = 0
    config = config.replace(crossbar_mask=mask, crossbar_target=target, background_period=199)
    reads = []
    for k in (1, 6):
        active = config.replace(enable_background=np.arange(8) == k)
        samples = Chip(fidelity="ideal").run_spiking(active, 4000, cadc_neurons=[5, 300]).cadc
        reads.append([int(hemisphere.values.max()) for hemisphere in samples])
    assert reads[0][0] > 90
    assert reads[0][1] == 80
    assert reads[1][0] == 80
    assert reads[1][1] > 90


def test_generators_and_input_events_are_told_apart(events):
    config = background(period=99)
    mask, target = np.array(config.crossbar_mask), np.array(config.crossbar_target)
    mask[8, 8] = target[8, 8] = 0
    got = run(
        config.replace(crossbar_mask=mask, crossbar_target=target), 500,
        **dict(zip(("event_times", "event_labels", "batch_offsets"), events([[(20, 0), (400, 0)]]), strict=True)),
    )  # fmt: skip
    assert got.loopback_times[got.loopback_inputs == 8].tolist() == [20, 400]
    assert got.loopback_times[got.loopback_inputs == 12].tolist() == list(range(50, 500, 50))
    assert np.array_equal(np.sort(got.loopback_times), got.loopback_times)


@pytest.mark.parametrize(("name", "value"), [("period", 65536), ("seed", 2**32), ("label", 2**14), ("rate", -1)])
def test_registers_have_ranges(name, value):
    with pytest.raises(ConfigError, match=f"background_{name}: got"):
        background(**{name: value})
