"""A run is prepared once for its registers; the kernel refuses what does not belong to what was prepared."""

import numpy as np
import pytest

from bss2_emulator import Chip, EngineError
from bss2_emulator._kernels.spiking.plan import Samples
from bss2_emulator.spiking import run as engine
from bss2_emulator.spiking.planner import Planner

RUNTIME = 4000


@pytest.fixture
def prepared(network, monkeypatch):
    """Arguments of the kernel in a run of one entry that samples neuron 9 by both ADCs."""
    given = []

    def told(*arguments):
        given[:] = arguments
        return kernel(*arguments)

    kernel = engine.run_batch
    monkeypatch.setattr(engine, "run_batch", told)
    chip = Chip("plan", "ideal", threads=1)
    chip.run_spiking(network([[1]], [9]), RUNTIME, cadc_neurons=[9], madc_neuron=9)
    return given


def samples(times=1, entries=1, columns=1, first=1):
    offsets = np.linspace(0, times, entries + 1).astype(np.int64)
    return Samples(np.zeros(times, np.int64), offsets, np.zeros(first, np.int64), np.zeros((times, columns), np.uint8))


@pytest.mark.parametrize(
    ("number", "value"),
    [
        (4, np.zeros(1, np.int64)),  # times of no label
        (5, np.zeros(1, np.uint16)),
        (6, np.array([0, 1])),  # an event that is not there
        (6, np.array([1, 0])),
        (6, np.array([0])),  # no entry
        (7, None),  # where do samples go
        (7, samples(columns=2)),
        (7, samples(entries=2)),
        (7, samples(first=2)),
        (9, None),
        (9, np.zeros((1, 3), np.float32)),
        (9, np.zeros((2, RUNTIME // 8 + 1), np.float32)),
    ],
)
def test_what_does_not_belong_to_a_plan_is_refused(prepared, number, value):
    prepared[number] = value
    with pytest.raises(EngineError, match="please report"):
        engine.run_batch(*prepared)


def test_a_run_with_the_same_registers_is_not_prepared_again(network, monkeypatch):
    chip, config = Chip("plan", "full", threads=1), network([[1]], [9])
    chip.run_spiking(config, RUNTIME, cadc_neurons=[9])
    monkeypatch.setattr(Planner, "_prepare", None)
    chip.run_spiking(config, RUNTIME, cadc_neurons=[9])


@pytest.mark.parametrize("fidelity", ["ideal", "full"])
def test_what_is_kept_between_runs_does_not_show(network, events, label, fidelity):
    """Registers, recording, runtime and labels take turns on one chip; others run each case first."""
    one, other = network([[1]], [9], spiking=True), network([[1]], [9], spiking=True, v_threshold=300)
    cases = [
        (one, RUNTIME, [9], 0), (one, RUNTIME, [9, 300], 0), (one, 2 * RUNTIME, [9], 0), (other, RUNTIME, [9], 0),
        (one, RUNTIME, [9], 5), (other, RUNTIME, [], 5), (one, RUNTIME, [9], 0),
    ]  # fmt: skip

    def run(chip, number, config, runtime, neurons, extra):
        chip.run_counter = number
        batch = events([[(t, label(0) + extra) for t in range(0, 3000, 100)]])
        return chip.run_spiking(config, runtime, *batch, cadc_neurons=neurons)

    kept = Chip("turns", fidelity, threads=1)
    for number, case in enumerate(cases):
        got = run(kept, number, *case)
        fresh = Chip("turns", fidelity, threads=1)
        for before in range(number):  # cells land anew with each write
            run(fresh, before, *cases[before])
            fresh._spiking = engine.SpikingEngine(fresh.silicon, np.float32)
        law = run(fresh, number, *case)
        np.testing.assert_array_equal(got.spike_times, law.spike_times)
        np.testing.assert_array_equal(got.dropped, law.dropped)
        for mine, others in zip(got.cadc, law.cadc, strict=True):
            np.testing.assert_array_equal(mine.values, others.values)
            np.testing.assert_array_equal(mine.times, others.times)
