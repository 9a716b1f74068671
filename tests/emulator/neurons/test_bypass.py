"""A neuron that fires and is free again within one internal step, and inputs that bypass its membrane."""

import numpy as np
import pytest

from bss2_emulator import Chip, ChipConfig, EngineError
from bss2_emulator.facts.coordinates import crossbar_reach

STEP = 8


def at_once(count, **registers):
    """Registers of neurons that are free again after ``refractory_time`` cycles."""
    return {
        "enable_spike_output": np.arange(512) < count, "refractory_clock_fast": 0, "refractory_use_fast_clock": True,
        "holdoff": 15, **registers,
    }  # fmt: skip


@pytest.mark.parametrize("refractory", [0, 1, 2, 3, 8, 128])
@pytest.mark.parametrize("precision", ["single", "double"])
def test_each_event_fires_at_once_what_is_free(network, events, label, refractory, precision):
    rng = np.random.default_rng(refractory)
    times = np.sort(rng.choice(2000, 700, replace=False)).tolist()
    config = network(
        [[1] * 4], range(4), **at_once(4, enable_bypass_exc=np.arange(512) < 4, refractory_time=refractory)
    )
    run = Chip("bypass", "ideal", precision=precision).run_spiking(
        config, 2000, *events([[(t, label(0)) for t in times]])
    )
    wanted: list[int] = []
    for t in times:
        if not wanted or t >= wanted[-1] + max(refractory, 1):
            wanted.append(t)
    for n in range(4):
        assert run.spike_times[run.spike_neurons == n].tolist() == wanted
    assert len(wanted) > (10 if refractory == 128 else 100)


def test_a_neuron_that_fires_by_itself_and_by_its_input_never_fires_twice_a_cycle(network, events, label):
    """In one step it may fire by each event, be free again, and cross its threshold."""
    runtime = 800
    flat = events([[(t, label(0)) for t in range(1, runtime, 2)]])
    config = network(
        [[1] * 64], range(64), spiking=True,
        **at_once(64, enable_bypass_exc=True, refractory_time=1, v_threshold=0, v_leak=1000, i_leak=1022),
    )  # fmt: skip
    run = Chip("bypass", "ideal").run_spiking(config, runtime, *flat)
    times = [run.spike_times[run.spike_neurons == n] for n in range(64)]
    for own in times:
        assert np.array_equal(own, times[0])
        assert len(np.unique(own)) == len(own)
        assert np.bincount(own // STEP).max() > 2
    assert len(times[0]) > runtime // STEP


@pytest.mark.parametrize("sign", ["exc", "inh"])
@pytest.mark.parametrize("refractory", [0, 1, 2])
@pytest.mark.parametrize("fidelity", ["full", "ideal"])
def test_all_neurons_of_a_chip_may_be_fired_at_once_again_and_again(sign, refractory, fidelity):
    """Each is in one of the engine's lists of busy neurons, once, whatever fires it."""
    config = ChipConfig().replace(
        row_mode=2, weight=63, i_mem_offset=1022, enable_mem_offset=True, enable_threshold=True, v_threshold=0,
        crossbar_mask=0, crossbar_target=np.where(crossbar_reach(), 0, 0x3FFF),
        **at_once(512, refractory_time=refractory), **{f"enable_bypass_{sign}": True},
    )  # fmt: skip
    times = np.arange(0, 500, 3)
    run = Chip("bypass", fidelity).run_spiking(config, 500, times, np.zeros(len(times), np.uint16))
    counts = np.bincount(run.fired_neurons, minlength=512)
    assert counts.min() > 0
    assert counts.max() <= 500


def test_what_the_engine_has_no_room_for_is_an_error_of_its_own(network):
    """A comparator that answers later than the ring of spikes is long would write to another step."""
    chip = Chip("late", "ideal")
    chip.silicon.comparator = np.full(512, 40.0)  # 1.2 us: no sheet can say so
    config = network([[1]], [9], spiking=True, v_threshold=0, v_leak=1000, i_leak=1022)
    with pytest.raises(EngineError, match="please report"):
        chip.run_spiking(config, 2000)
