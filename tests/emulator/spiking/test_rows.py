"""Many events in a step, on rows of all lengths: what a membrane does depends on nobody else who is integrated."""

import numpy as np
import pytest

from bss2_emulator import Chip, ChipConfig
from bss2_emulator.facts.coordinates import crossbar_reach
from bss2_emulator.spiking import run as engine

RUNTIME, NEAR = 8000, 32


def config(rng):
    """Each third row reaches the first neurons alone; rows are excitatory or inhibitory, and few neurons fire."""
    weight = rng.integers(0, 64, (2, 256, 256))
    weight[:, ::3, NEAR:] = 0
    return ChipConfig().replace(
        weight=weight, row_mode=rng.integers(1, 3, (2, 256)), crossbar_mask=0, i_synapse_dac_bias=100,
        crossbar_target=np.where(crossbar_reach(), 0, 0x3FFF), enable_threshold=True, v_threshold=500,
        enable_spike_output=False,
    )  # fmt: skip


def bursts(rng):
    """From one to twelve events in each of some steps, on any drivers: more than a pass over neurons takes at once."""
    starts = np.sort(rng.choice(RUNTIME // 8, 200, replace=False)) * 8
    times = np.sort(np.concatenate([start + rng.integers(0, 8, rng.integers(1, 13)) for start in starts]))
    driver = rng.integers(0, 128, len(times))
    return times, (driver % 4 << 14 | driver // 4 << 6).astype(np.uint16)


@pytest.mark.parametrize("plasticity", [False, True])
@pytest.mark.parametrize("precision", ["single", "double"])
def test_rows_add_up_in_one_order_whoever_is_recorded(precision, plasticity, monkeypatch):
    traces, kernel = [], engine.run_batch

    def told(*arguments):
        traces.append(arguments[-2])
        return kernel(*arguments)

    monkeypatch.setattr(engine, "run_batch", told)
    rng = np.random.default_rng(3)
    registers, events = config(rng).replace(enable_stp=plasticity), bursts(rng)
    for recorded in (range(512), range(NEAR), [*range(NEAR), *range(100, 180)], [5]):
        chip = Chip("rows", "ideal", precision=precision)
        chip.run_spiking(registers, RUNTIME, *events, cadc_neurons=recorded, madc_neuron=5)
    assert len(np.unique(traces[0])) > RUNTIME // 8 // 2
    assert all(np.array_equal(trace, traces[0]) for trace in traces)
