"""Behaviours 6, 7 and 8: matrix products on the analog core."""

import hashlib

import numpy as np
import pytest

from bss2_emulator import Chip, Imperfections, OperandRangeError
from bss2_emulator.matrix.columns import column_constants
from bss2_emulator.neurons.physics import neuron_physics
from bss2_emulator.silicon.serial import Silicon

SERIALS = ["matrix-0", "matrix-1", "matrix-2"]


def multiply(config, weights, activations, serial="matrix-0", fidelity="calibrated", **options):
    return Chip(serial, fidelity).run_matrix(config, weights, activations, **options).values.astype(int)


@pytest.mark.parametrize("serial", SERIALS)
def test_gain_is_0_002(hagen, serial):
    result = multiply(hagen, np.full((100, 256), 21), np.full((50, 100), 15), serial)
    per_column = result.mean(axis=0)
    assert 0.0018 < per_column.mean() / (100 * 15 * 21) < 0.0022
    assert 2 < result.std(axis=1).mean() < 4  # of one shot, as published
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
    single = 12 * np.eye(128, dtype=int)  # drivers differ by 4 % in gain
    one = multiply(hagen, np.full((128, 200), 21), single, num_sends=100).mean()
    silicon = Silicon(SERIALS[0], "calibrated")
    assert one == pytest.approx(50.4 * silicon.scale("gain") * silicon.scale("strength"), rel=0.04)


def test_partial_sums_saturate_in_their_tile(hagen):
    weights = np.concatenate((np.full((128, 64), 40), np.full((128, 64), -40)))
    result = multiply(hagen, weights, np.full((40, 256), 30))
    columns = result.mean(axis=0)
    interval = 3.29 * columns.std() / len(columns) ** 0.5  # 99.9 %
    assert columns.mean() == pytest.approx(127 - 110, abs=interval + 1)  # two tiles are rounded
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
    high = hagen.replace(v_reset=900)
    result = multiply(high, np.full((128, 256), 40), np.full((4, 128), 30))
    assert result.max() < 127


def test_madc_records_a_column(hagen):
    run = Chip("matrix-0", "calibrated").run_matrix(hagen, np.full((40, 10), 30), np.full((2, 40), 20), madc_column=3)
    times, values, offsets = run.madc
    assert offsets.tolist() == [0, len(times) // 2, len(times)]
    first = values[: offsets[1]].astype(float)
    assert first[-5:].mean() - first[:2].mean() > 60
    assert np.diff(times[: offsets[1]]).min() == 4


def test_reads_have_normal_independent_noise(hagen):
    zeros, batch, columns = np.zeros((1, 260), np.int8), 20000, 260
    chip = Chip("matrix-0", "calibrated", seed=1, imperfections=Imperfections(cadc_common=False))
    results = np.stack([chip.run_matrix(hagen, zeros, np.zeros((batch, 1), int)).values for _ in range(2)]).astype(
        float
    )
    count, z = results.size, 3.3
    centred = results - results.mean(axis=(0, 1))
    variance = 2 * 0.6**2 + 2 / 12  # two reads, two roundings
    assert abs(results.mean()) < 0.02
    assert centred.var() == pytest.approx(variance, rel=z * (2 / count) ** 0.5 + 2e-3)
    normal = centred / variance**0.5
    assert abs((normal**3).mean()) < z * (15 / count) ** 0.5
    rounded = 3 - 2 / 120 / variance**2  # what rounding adds is not normal
    assert abs((normal**4).mean() - rounded) < z * (96 / count) ** 0.5 + 5e-3
    for lag in (1, 2, 3, 4, 8, 128, 256):
        assert abs((normal[:, :, lag:] * normal[:, :, :-lag]).mean()) < z / (2 * batch * (columns - lag)) ** 0.5
        assert abs((normal[:, lag:] * normal[:, :-lag]).mean()) < z / count**0.5 * 1.01
    assert abs((normal[0] * normal[1]).mean()) < z * (2 / count) ** 0.5


def test_columns_of_a_read_share_a_small_error(hagen):
    chip = Chip("matrix-0", "calibrated")
    results = chip.run_matrix(hagen, np.zeros((1, 512), np.int8), np.zeros((20000, 1), int)).values.astype(float)
    results -= results.mean(axis=0)
    shared = [results[:, side].mean(axis=1) for side in (slice(256), slice(256, 512))]  # a hemisphere is read at once
    own = (2 * 0.6**2 + 2 / 12) / 256
    for part in shared:
        assert part.var() == pytest.approx(2 * 0.2**2 + own, rel=0.05)
    assert abs(np.corrcoef(*shared)[0, 1]) < 0.025


@pytest.mark.parametrize("sends", [1, 10, 100])
def test_events_add_noise_whatever_their_weight(hagen, sends):
    chip = Chip("matrix-0", "calibrated")
    landed = chip.landed(hagen)
    of_events = column_constants(landed, chip.silicon, neuron_physics(landed, chip.silicon)).event_noise[0]
    variance = {}
    for weight in (0, 2):
        values = chip.run_matrix(hagen, np.full((20, 256), weight), np.full((4000, 20), 3), sends).values
        variance[weight] = values.var(axis=0, dtype=float).mean()
    own = 2 * 0.6**2 + 2 * 0.2**2 + 2 / 12
    assert variance[0] == pytest.approx(own + (of_events**2).mean() * 20 * sends, rel=0.05)
    assert of_events.mean() == pytest.approx(0.14, rel=0.2)  # serials differ in gain
    assert variance[2] == pytest.approx(variance[0], rel=0.03)


def test_events_move_a_column_to_an_offset_of_its_own(hagen):
    chip = Chip("matrix-0", "calibrated", imperfections=Imperfections(event_noise=False))
    moved = {
        events: chip.run_matrix(hagen, np.zeros((1, 256)).astype(int), np.ones((2000, 1), int), events)
        .values.mean(axis=0, dtype=float) for events in (1, 100, 400, 4000)
    }  # fmt: skip
    end = moved[4000]
    assert 4 < end.std() < 8
    assert abs(moved[1]).max() < 0.2
    for events in (100, 400):
        share = (moved[events] @ end) / (end @ end)
        assert share == pytest.approx(1 - np.exp(-events / 400), abs=0.02)
    still = Chip("matrix-0", "calibrated", imperfections=Imperfections(event_offset=False, event_noise=False))
    values = still.run_matrix(hagen, np.zeros((1, 256), int), np.ones((200, 1), int), 4000).values
    assert abs(values.mean(axis=0)).max() < 0.4


def test_short_waits_saturate_the_input(hagen):
    def mean(weight, wait, sends=1, rows=128, **options):
        weights, activations = np.full((rows, 256), weight), np.full((30, rows), 31)
        return multiply(hagen, weights, activations, wait_between_events=wait, num_sends=sends, **options).mean()

    # the largest event 25 times: the sum of all is 98 LSB
    strengths = [mean(63, wait, 25, 1) for wait in (1, 2, 3, 4, 5)]
    assert 55 < strengths[0] < strengths[1] - 5 < strengths[2] - 10 < 90
    assert strengths[2] < strengths[3] + 0.5
    assert strengths[3] < strengths[4] + 0.5
    assert 93 < strengths[4] < 105
    # weak inputs are not held back, at whatever wait
    assert mean(10, 1, 1) == pytest.approx(mean(10, 5, 1), abs=0.5)
    # both lines of a column saturate on their own, so that they still cancel
    weights = np.concatenate((np.full((64, 256), 63), np.full((64, 256), -63)))
    assert abs(multiply(hagen, weights, np.full((30, 128), 31), wait_between_events=1).mean()) < 20
    # and an ideal chip has no such thing
    assert mean(63, 1, 20, 1, fidelity="ideal") == mean(63, 5, 20, 1, fidelity="ideal") == 78


def test_the_madc_sees_lines_saturate(hagen):
    heights, results = [], []
    for wait in (2, 5):
        chip = Chip("matrix-0", "calibrated")
        weights, activations = np.full((1, 4), 63), np.full((40, 1), 31)
        run = chip.run_matrix(hagen, weights, activations, 25, wait, madc_column=3)
        codes = run.madc.values.reshape(40, -1).astype(float).mean(axis=0)
        heights.append(codes[-5:].mean() - codes[:1].mean())
        results.append(run.values[:, 3].mean())
    assert heights[0] / heights[1] == pytest.approx(results[0] / results[1], abs=0.03)
    assert heights[0] < 0.9 * heights[1]


def test_fingerprint_of_products(hagen):
    """Changes when, and only when, a release changes what chips do: then write the new one here, and say so."""
    chip, rng = Chip("fingerprint", seed=1), np.random.default_rng(1)
    digest = hashlib.blake2b(digest_size=8)
    for wait in (5, 2):
        operands = rng.integers(-63, 64, (300, 270)), rng.integers(0, 32, (9, 300))
        digest.update(chip.run_matrix(hagen, *operands, wait_between_events=wait).values.tobytes())
    assert digest.hexdigest() == "85ed4492c55bc078"
