"""Behaviour 11: the refractory period is counted in clocks; holdoff lets the membrane go first."""

import numpy as np
import pytest

from bss2_emulator import Chip
from bss2_emulator.facts.constants import CYCLE, RESET_TIME


def intervals(network, slow, **registers):
    config = network(np.zeros((0, 1)), [9], spiking=True, v_leak=950, **{**slow, **registers})
    run = Chip(fidelity="ideal").run_spiking(config, 40_000)
    return np.diff(run.spike_times)


@pytest.mark.parametrize("scale", range(1, 5))
def test_period_is_whole_clocks(network, slow, scale):
    counts = [240, 241, 250]  # long enough for the reset to settle
    short, longer, longest = (
        np.median(intervals(network, slow, refractory_clock_fast=scale, refractory_time=n)) for n in counts
    )
    assert longer - short == pytest.approx(2**scale, abs=1.5)
    assert longest - short == pytest.approx(10 * 2**scale, abs=1.5)


@pytest.mark.parametrize(("scale", "microseconds"), [(3, 2.048), (2, 1.024)])
def test_usual_codes_give_the_usual_periods(network, slow, scale, microseconds):
    at_once = {"v_reset": 950, "v_threshold": 200}  # above threshold when the period ends
    found = intervals(network, slow, refractory_clock_fast=scale, refractory_time=32, **at_once)
    latency = 3  # 30 ns
    assert (abs(found - microseconds / 8e-3 - latency) <= 1).all()


def test_slow_clock(network, slow):
    fast = intervals(network, slow, refractory_use_fast_clock=True, refractory_clock_fast=5)
    same = intervals(network, slow, refractory_use_fast_clock=False, refractory_clock_slow=5)
    assert np.array_equal(fast, same)


def test_no_second_spike_while_refractory(network, events, label):
    train = [(t, label(s)) for t in range(500, 3000, 20) for s in range(4)]
    config = network(np.full((4, 1), 63), [9], spiking=True, v_threshold=250, refractory_clock_fast=3)
    run = Chip("refractory").run_spiking(config, 4000, *events([train]))
    assert len(run.spike_times) > 5
    assert np.diff(run.spike_times).min() >= 256


def test_holdoff_lets_the_membrane_leave_the_reset_first(network, slow):
    for holdoff, clocks in ((15, 1), (8, 15), (0, 31)):
        counters = {"refractory_clock_fast": 2, "refractory_time": 100, "holdoff": holdoff}
        config = network(np.zeros((0, 1)), [9], spiking=True, v_leak=950, **counters, **slow)
        run = Chip(fidelity="ideal").run_spiking(config, 8000, madc_neuron=9)
        first = int(run.spike_times[0])
        values = run.madc.values.astype(float)
        inside = (run.madc.times > first + 120) & (run.madc.times < first + 440)
        times, values = run.madc.times[inside], values[inside]
        lowest = values.argmin()
        leaves = times[lowest:][values[lowest:] > values[lowest] + 2][0]
        seen = 3 / 0.18 + 5  # cycles until it is 2 codes up, at 0.18 codes a cycle, and until the next sample
        assert 0 <= leaves - (first + 4 * (100 - clocks)) <= seen
        assert run.spike_times[1] > first + 400


def test_reset_takes_its_time(network, slow):
    config = network(np.zeros((0, 1)), [9], spiking=True, v_leak=950, v_reset=500, refractory_clock_fast=4, **slow)
    run = Chip(fidelity="ideal").run_spiking(config, 8000, madc_neuron=9)
    first = int(run.spike_times[0])
    times, values = run.madc.times, run.madc.values.astype(float)
    start = values[times < first][-1]
    floor = values[(times > first + 400) & (times < first + 450)].mean()
    after = np.interp(first + RESET_TIME / CYCLE, times, values)
    assert (after - floor) / (start - floor) == pytest.approx(np.exp(-1), abs=0.05)
