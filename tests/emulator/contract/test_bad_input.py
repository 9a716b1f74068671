"""Bad input raises typed errors that say what was got and what was wanted, and leaves the chip usable."""

import numpy as np
import pytest

from bss2_emulator import Chip, ChipConfig, ConfigError, EmulatorError, EventError, OperandRangeError, RunError

CONFIG = ChipConfig()


@pytest.mark.parametrize(
    ("registers", "message"),
    [
        ({"v_leak": 1023}, "v_leak: got 1023, wanted a code from 0 to 1022"),
        ({"weight": 64}, "weight: got 64, wanted a code from 0 to 63"),
        ({"cadc_offset": -129}, "cadc_offset: got -129, wanted a code from -128 to 127"),
        ({"v_leak": np.zeros(511, int)}, r"v_leak: got shape \(511,\), wanted \(512,\) or a scalar"),
        ({"v_leak": 3.5}, "v_leak: got values of type float64, wanted integers"),
        ({"v_leak": np.nan}, "wanted integers"),
        ({"v_leak": "high"}, "wanted integers"),
        ({"leak": 3}, "unknown register 'leak'; known: v_leak"),
        ({"row_mode": 4}, "row_mode: got 4, wanted a code from 0 to 3"),
        ({"event_address": 256}, "event_address: got 256"),
    ],
)
def test_registers(registers, message):
    with pytest.raises(ConfigError, match=message):
        CONFIG.replace(**registers)


@pytest.mark.parametrize(
    ("events", "message"),
    [
        (([1, 2], [0], [0, 2]), "two equal flat arrays"),
        (([1], [0], [0, 2]), "ascend from 0 to 1"),
        (([1], [0], [1]), "ascend from 0 to 1"),
        (([1], [0], [0, 2, 1]), "ascend from 0 to 1"),
        (([100], [0], [0, 1]), r"got cycle 100 \(0.800 us\), wanted times in \[0, 100\)"),
        (([-1], [0], [0, 1]), "got cycle -1"),
        (([5, 3], [0, 0], [0, 2]), "wanted them sorted"),
        (([5.0], [0], [0, 1]), "event_times: got values of type float64, wanted integers"),
        (([5], [65536], [0, 1]), "event_labels: got 65536"),
        (([5], [-1], [0, 1]), "event_labels: got -1"),
        (([[5]], [[0]], [0, 1]), "flat arrays"),
    ],
)
def test_events(events, message):
    chip = Chip(fidelity="ideal")
    with pytest.raises(EventError, match=message):
        chip.run_spiking(CONFIG, 100, *events)
    assert chip.run_counter == 0
    assert len(chip.run_spiking(CONFIG, 100, [5, 3], [0, 0], [0, 1, 2]).spike_times) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"runtime": 0}, "runtime: got 0 cycles, wanted 1 to 4294967295"),
        ({"runtime": 2**32}, "34.36 s"),
        ({"runtime": 10.5}, "wanted an integer number of cycles"),
        ({"runtime": True}, "wanted an integer"),
        ({"cadc_neurons": [512]}, "wanted neurons from 0 to 511"),
        ({"cadc_neurons": [3, 3]}, "got neuron 3 twice"),
        ({"cadc_neurons": [1.5]}, "flat array of neurons"),
        ({"cadc_neurons": [[1]]}, "flat array of neurons"),
        ({"madc_neuron": 512}, "wanted a neuron from 0 to 511"),
        ({"madc_neuron": [1, 2]}, "records no more"),
        ({"first_entry": -1}, "first_entry: got -1"),
    ],
)
def test_runs(options, message):
    with pytest.raises(RunError, match=message):
        Chip(fidelity="ideal").run_spiking(CONFIG, **{"runtime": 100, **options})


@pytest.mark.parametrize(
    ("operands", "error", "message"),
    [
        (([[1]], [[1, 2]]), RunError, r"got activations \(1, 2\) times weights \(1, 1\)"),
        (([1], [1]), RunError, "wanted"),
        ((np.zeros((0, 3), int), np.zeros((2, 0), int)), RunError, "wanted"),
        (([[1.5]], [[1]]), RunError, "weights: got type float64"),
        (([[1]], [[np.nan]]), RunError, "activations: got type float64"),
        (([[64]], [[1]]), OperandRangeError, "weights: got 64, wanted -63 to 63"),
        (([[1]], [[32]]), OperandRangeError, "activations: got 32, wanted 0 to 31"),
        (([[1]], [[1]], 0), RunError, "num_sends: got 0, wanted an integer of at least 1"),
        (([[1]], [[1]], 1, 0.5), RunError, "wait_between_events: got 0.5"),
        (([[1]], [[1]], 1, 5, 1), RunError, "madc_column: got 1, wanted a column from 0 to 0"),
    ],
)
def test_products(hagen, operands, error, message):
    with pytest.raises(error, match=message):
        Chip(fidelity="ideal").run_matrix(hagen, *operands)


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int16, np.uint16])
@pytest.mark.parametrize(("low", "high"), [(0, 31), (-63, 63)])
def test_every_operand_is_looked_at_whatever_its_type(hagen, kind, low, high):
    name, limits, chip = "activations" if low == 0 else "weights", np.iinfo(kind), Chip(fidelity="ideal")
    extremes = {limits.min, low - 1, high + 1, limits.max}
    for bad in (value for value in extremes if limits.min <= value <= limits.max and not low <= value <= high):
        for place in (0, 40, 78):
            operands = {"weights": np.ones((79, 1), np.int8), "activations": np.ones((1, 79), np.uint8)}
            operands[name] = operands[name].astype(kind)
            operands[name].flat[place] = bad
            with pytest.raises(OperandRangeError, match=f"{name}: got {bad}, wanted {low} to {high}"):
                chip.run_matrix(hagen, **operands)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"serial": ""}, "serial: got ''"),
        ({"serial": 3}, "wanted the name of a chip"),
        ({"fidelity": "perfect"}, "wanted one of ideal, calibrated, full"),
        ({"precision": "half"}, "wanted single or double"),
        ({"threads": 0}, "wanted at least 1"),
    ],
)
def test_chips(options, message):
    with pytest.raises(RunError, match=message):
        Chip(**options)


def test_errors_are_what_callers_expect():
    assert issubclass(ConfigError, ValueError)
    assert issubclass(EventError, ValueError)
    assert issubclass(RunError, ValueError)
    assert issubclass(OperandRangeError, OverflowError)
    assert all(issubclass(error, EmulatorError) for error in (ConfigError, EventError, RunError, OperandRangeError))


def test_events_without_offsets_are_one_entry():
    chip = Chip("one", fidelity="ideal")
    run = chip.run_spiking(ChipConfig(), 1000, [10, 20], [0, 1])
    assert len(run.spike_offsets) == 2
    assert run.delivered.sum() + run.dropped.sum() == 2
