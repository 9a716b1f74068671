"""Behaviours 6, 7 and 8: matrix products on the analog core."""

import numpy as np
import pytest

from bss2_emulator import Chip, OperandRangeError

SERIALS = ["matrix-0", "matrix-1", "matrix-2"]


def multiply(config, weights, activations, serial="matrix-0", fidelity="calibrated", **options):
    return Chip(serial, fidelity).run_matrix(config, weights, activations, **options).values.astype(int)


@pytest.mark.parametrize("serial", SERIALS)
def test_gain_is_0_002(hagen, serial):
    result = multiply(hagen, np.full((100, 256), 21), np.full((50, 100), 15), serial)
    per_column = result.mean(axis=0)
    assert 0.0018 < per_column.mean() / (100 * 15 * 21) < 0.0022
    assert 2 < per_column.std() < 5
    assert 1.4 < result.std(axis=0).mean() < 2.6


@pytest.mark.parametrize("serial", SERIALS)
def test_sweep_of_weights(hagen, serial):
    grid = np.arange(-63, 64)
    result = np.stack(
        [multiply(hagen, np.full((64, 256), w), np.full((40, 64), 12), serial).mean(axis=0) for w in grid]
    )
    mean = result.mean(axis=1)
    inner = abs(mean) <= 60
    fit = np.polyfit(grid[inner], mean[inner], 1)
    assert abs(mean[inner] - np.polyval(fit, grid[inner])).max() < 3
    strong = np.stack(
        [multiply(hagen, np.full((128, 256), w), np.full((20, 128), 31), serial).mean(axis=0) for w in (-63, 63)]
    )
    assert (strong[1] >= 125).mean() > 0.95
    assert -120 < strong[0].mean() < -90


@pytest.mark.parametrize("wait", [2, 5])
def test_sends_add_up(hagen, wait):
    result = multiply(
        hagen, 63 * np.eye(128, dtype=int), 31 * np.eye(128, dtype=int), num_sends=40, wait_between_events=wait
    )
    assert (abs(np.diag(result)) > 40).all()
    one = multiply(hagen, np.full((1, 200), 21), np.full((50, 1), 12), num_sends=100).mean()
    assert one == pytest.approx(50, abs=4)


def test_partial_sums_saturate_in_their_tile(hagen):
    weights = np.concatenate((np.full((128, 64), 40), np.full((128, 64), -40)))
    result = multiply(hagen, weights, np.full((40, 256), 30))
    assert 2 < result.mean() < 32
    assert result.mean() == pytest.approx(17, abs=8)
    three = multiply(hagen, np.full((384, 20), 40), np.full((4, 384), 30))
    assert (three == 127).mean() > 0.9
    ideal = multiply(hagen, weights, np.full((4, 256), 30), fidelity="ideal")
    assert (ideal == -1).all()  # 127 - 128


def test_zero_input_is_noise_and_sends_nothing(hagen):
    chip = Chip("matrix-0", "calibrated")
    run = chip.run_matrix(hagen, np.full((128, 256), 63), np.zeros((50, 128), int))
    assert run.events_sent == 0
    assert abs(run.values.mean()) < 3
    assert run.values.std() < 4


def test_events_are_counted(hagen):
    activations = np.array([[0, 1, 31], [0, 0, 5]])
    run = Chip(fidelity="ideal").run_matrix(hagen, np.ones((3, 300), int), activations, num_sends=4)
    assert run.events_sent == 3 * 4 * 2  # two tiles


def test_activations_are_graded(hagen):
    weights = np.full((100, 256), 63)
    responses = [multiply(hagen, weights, np.full((60, 100), a)).mean() for a in (1, 9)]
    assert responses[0] > 0
    assert responses[0] * 9 == pytest.approx(responses[1], rel=0.3)


@pytest.mark.parametrize(("fidelity", "limit"), [("full", 4), ("calibrated", 0.5)])
def test_drivers_differ_little(fidelity, limit):
    assert 0 < Chip("drivers", fidelity).silicon.driver_offset.std() < limit


@pytest.mark.parametrize(
    ("weights", "activations"), [([[64]], [[1]]), ([[-64]], [[1]]), ([[1]], [[32]]), ([[1]], [[-1]])]
)
def test_operands_out_of_range_overflow(hagen, weights, activations):
    with pytest.raises(OperandRangeError, match="wanted"):
        multiply(hagen, weights, activations)


def test_columns_are_reused_by_tiles_of_the_same_parity(hagen):
    block = np.full((100, 256), 21)
    run = multiply(hagen, np.concatenate((block, block, block), axis=1), np.full((60, 100), 15)).mean(axis=0)
    first, second, third = run.reshape(3, 256)
    assert np.corrcoef(first, third)[0, 1] > 0.95
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.25


def test_leak_takes_charge_away(hagen):
    weights, activations = np.full((128, 50), 20), np.full((20, 128), 15)
    kept = multiply(hagen, weights, activations).mean()
    leaking = multiply(hagen.replace(enable_leak=True, i_leak=50), weights, activations).mean()
    assert 0.5 * kept < leaking < 0.95 * kept


def test_baseline_limits_the_upper_end(hagen):
    high = hagen.replace(v_leak=900)
    result = multiply(high, np.full((128, 256), 40), np.full((4, 128), 30))
    assert result.max() < 127


def test_madc_records_a_column(hagen):
    run = Chip("matrix-0", "calibrated").run_matrix(hagen, np.full((40, 10), 30), np.full((2, 40), 20), madc_column=3)
    times, values, offsets = run.madc
    assert offsets.tolist() == [0, len(times) // 2, len(times)]
    first = values[: offsets[1]].astype(float)
    assert first[-5:].mean() - first[:2].mean() > 60
    assert np.diff(times[: offsets[1]]).min() == 4
