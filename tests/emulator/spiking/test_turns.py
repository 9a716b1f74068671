"""Networks that take turns on one chip do what each would do on a chip of its own."""

import numpy as np
import pytest

from bss2_emulator import Chip, Imperfections
from bss2_emulator.memo import HELD, Memo


@pytest.mark.parametrize("count", [2, HELD + 2])
def test_turns_do_not_show_in_bytes(network, events, label, count):
    train = [(100 * (s + 1), label(s)) for s in range(4)]
    configs = [
        network(np.full((4, 3), 10 + 5 * i), [9, 40 + i, 300], spiking=True, v_threshold=250 + i) for i in range(count)
    ]
    rewritten = Imperfections(cell_write=False)  # a cell whose code changes lands elsewhere
    together = Chip("turns", imperfections=rewritten)
    for turn, i in enumerate([*range(count), *reversed(range(count)), *range(count)]):
        run = together.run_spiking(configs[i], 3000, *events([train]), cadc_neurons=[9, 300])
        alone = Chip("turns", imperfections=rewritten)
        alone.run_counter = turn
        other = alone.run_spiking(configs[i], 3000, *events([train]), cadc_neurons=[9, 300])
        assert np.array_equal(run.spike_times, other.spike_times)
        assert np.array_equal(run.spike_neurons, other.spike_neurons)
        for samples, others in zip(run.cadc, other.cadc, strict=True):
            assert np.array_equal(samples.values, others.values)


def test_what_takes_turns_is_made_once():
    memo, made = Memo(), []
    inputs = [(np.arange(3), i) for i in range(HELD)]
    for _ in range(3):
        for one in inputs:
            memo.get("sum", one, lambda one=one: made.append(one) or one[1])
    assert len(made) == HELD
    equal = np.arange(3), HELD - 1
    assert memo.get("sum", equal, lambda: made.append(equal) or -1) == HELD - 1
    assert len(made) == HELD


def test_neurons_to_record_may_be_written_to_between_runs(network, events, label):
    config = network(np.full((4, 3), 40), [9, 40, 300])
    train, chip, neurons = [(500, label(0))], Chip("turns", "ideal"), np.array([9])
    first = chip.run_spiking(config, 3000, *events([train]), cadc_neurons=neurons).cadc[0]
    neurons[0] = 40
    second = chip.run_spiking(config, 3000, *events([train]), cadc_neurons=neurons).cadc[0]
    fresh = Chip("turns", "ideal").run_spiking(config, 3000, *events([train]), cadc_neurons=[40]).cadc[0]
    assert second.neurons.tolist() == [40]
    assert np.array_equal(second.values, fresh.values)
    assert first.values.shape == second.values.shape
