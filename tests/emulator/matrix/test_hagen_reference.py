"""Reference: the matrix kernels do what their plain twin says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bss2_emulator import Chip, Imperfections
from bss2_emulator._kernels.matrix.hagen import best_instructions, read_normal
from bss2_emulator.facts.sheet import SHEET, Sheet
from bss2_emulator.matrix.columns import column_constants
from bss2_emulator.neurons.physics import neuron_physics
from bss2_emulator.reference.matrix.tile import half_away, line, run_tile, saturate
from bss2_emulator.reference.silicon.reads import read_normal as twin_of_read
from bss2_emulator.silicon.noise import RunNoise


def twin(chip, config, weights, activations, number, sends=1, wait=5):
    """One tile by the reference."""
    hemisphere = number % 2
    columns = column_constants(chip.landed(config), chip.silicon, neuron_physics(chip.landed(config), chip.silicon))
    step = chip.silicon.mean("hagen_dac_step") * (config.hagen_dac_offset[hemisphere].astype(float) - 32)
    drivers = chip.silicon.drivers[:, hemisphere] + [np.zeros(128), step]
    return run_tile(
        weights, activations, drivers, chip.silicon, columns, columns.gain[hemisphere],
        RunNoise.of(chip.serial, chip.seed, 0).key, 0, number, sends, wait,
    )  # fmt: skip


@pytest.mark.parametrize("fidelity", ["full", "calibrated", "ideal"])
@pytest.mark.parametrize(("rows", "columns"), [(5, 3), (128, 33), (40, 256)])
def test_a_tile_equals_its_twin(hagen, fidelity, rows, columns):
    rng = np.random.default_rng(rows)
    weights, activations = rng.integers(-63, 64, (rows, columns)), rng.integers(0, 32, (3, rows))
    chip = Chip("twin", fidelity, seed=4)
    got = chip.run_matrix(hagen, weights, activations, num_sends=2).values
    want = twin(chip, hagen, weights, activations, 0, sends=2)
    assert abs(got - want).max() <= 1
    assert (got != want).mean() < 0.002  # rounding in single precision


@pytest.mark.parametrize("wait", [1, 2, 3, 4])
@pytest.mark.parametrize(
    ("rows", "sends", "low"), [(1, 40, -63), (7, 1, -63), (128, 1, -63), (60, 3, -10), (33, 2, 20)]
)
def test_short_waits_equal_their_twin(hagen, wait, rows, sends, low):
    rng = np.random.default_rng(rows)
    weights, activations = rng.integers(low, 64, (rows, 40)), rng.integers(0, 32, (3, rows))
    chip = Chip("twin", "calibrated", seed=4)
    got = chip.run_matrix(hagen, weights, activations, num_sends=sends, wait_between_events=wait).values
    want = twin(chip, hagen, weights, activations, 0, sends, wait)
    assert abs(got - want).max() <= 1
    assert (got != want).mean() < 0.01


def test_leaking_membranes_equal_their_twin(hagen):
    rng = np.random.default_rng(7)
    weights, activations = rng.integers(-63, 64, (60, 40)), rng.integers(0, 32, (4, 60)) * rng.integers(0, 2, (4, 60))
    config = hagen.replace(enable_leak=np.arange(512) % 3 > 0, i_leak=120)
    chip = Chip("twin", seed=4)
    got = chip.run_matrix(config, weights, activations, num_sends=3).values
    want = twin(chip, config, weights, activations, 0, sends=3)
    assert abs(got - want).max() <= 1
    assert (got != want).mean() < 0.01


def test_a_tile_equals_its_twin_with_a_sheet_of_ones_own(hagen):
    names = "hagen_offset_events", "hagen_dac_step", "hagen_event_noise", "tau_syn", "cadc_common"
    rows = [SHEET.rows[name]._replace(mean=1.7 * SHEET.mean(name)) for name in names]
    chip = Chip("twin", seed=4, sheet=Sheet([*rows, SHEET.rows["dac_bit"]._replace(spread=0.3)]))
    rng = np.random.default_rng(8)
    weights, activations = rng.integers(-63, 64, (60, 40)), rng.integers(0, 32, (3, 60))
    config = hagen.replace(hagen_dac_offset=40)
    got = chip.run_matrix(config, weights, activations, num_sends=3, wait_between_events=2).values
    want = twin(chip, config, weights, activations, 0, 3, 2)
    assert abs(got - want).max() <= 1
    assert (got != want).mean() < 0.02


def test_tiles_are_added_after_they_saturated(hagen):
    rng = np.random.default_rng(3)
    weights, activations = rng.integers(-20, 64, (260, 262)), rng.integers(0, 8, (2, 260))
    chip = Chip("twin", seed=4)
    got = chip.run_matrix(hagen, weights, activations).values
    total = np.zeros(got.shape, int)
    for number in range(6):
        x, y = divmod(number, 3)
        block = weights[128 * y : 128 * (y + 1), 256 * x : 256 * (x + 1)]
        part = twin(chip, hagen, block, activations[:, 128 * y : 128 * (y + 1)], number)
        assert abs(part).max() <= 128
        total[:, 256 * x : 256 * x + part.shape[1]] += part
    want = np.clip(total, -128, 127)
    assert abs(got - want).max() <= 2
    assert (got != want).mean() < 0.01


@given(st.integers(0, 127), st.integers(0, 31), st.integers(-63, 63), st.integers(1, 100), st.integers(1, 4))
def test_lines_are_linear_at_first_then_monotone_and_bounded(others, activation, weight, sends, wait):
    charge, events = 10.0 * others + activation * weight, others + 1
    passed = line(charge, events, sends, wait)
    assert abs(passed) <= abs(charge) + 1e-9
    assert passed * charge >= 0
    assert abs(line(charge + np.copysign(1, charge), events, sends, wait)) >= abs(passed)
    assert line(charge, events, sends, wait + 1) * np.sign(charge) >= passed * np.sign(charge)  # rarer is more
    assert line(charge, events, sends, 5) == charge
    assert line(31.0 * 63, 1, 1, wait) == 31 * 63  # a single event does not pile up


def test_a_vector_of_largest_events_is_linear_from_the_usual_wait_on():
    for events in (1, 2, 10, 128):
        full = 31.0 * 63 * events
        assert line(full, events, 1, 5) == line(full, events, 1, 50) == full
        assert line(full, events, 1, 4) <= full
    assert line(31.0 * 63 * 128, 128, 1, 2) < 0.7 * 31 * 63 * 128


@given(y=st.floats(-1e4, 1e4), limit=st.floats(20, 200))
def test_saturation_is_monotone_and_bounded(y, limit):
    out = saturate(y, limit)
    assert out >= -limit - 1e-9
    assert out >= y - 1e-9
    assert saturate(y + 1, limit) >= out
    if y > -0.7 * limit:
        assert out == y


@given(st.integers(-2000, 2000))
def test_half_is_rounded_away_from_zero(twice):
    assert half_away(twice / 2) == (twice + (1 if twice > 0 else -1) * (twice % 2)) // 2


@pytest.mark.parametrize("sum_", [250, 750, -250, -1750, 249, 251, 62500])
def test_ideal_products_are_rounded_exactly(hagen, sum_):
    rows = [min(63, abs(sum_) // 10 - 63 * i) for i in range(100) if abs(sum_) // 10 > 63 * i] + [abs(sum_) % 10]
    factors = [10] * (len(rows) - 1) + [1]
    weights = np.array(rows)[:, None] * (1 if sum_ > 0 else -1)
    got = Chip(fidelity="ideal").run_matrix(hagen, weights, [factors]).values
    want = np.sign(sum_) * ((abs(sum_) + 250) // 500)
    assert got.tolist() == [[int(np.clip(want, -128, 127))]]


def test_imperfections_off_is_ideal_up_to_reads(hagen):
    rng = np.random.default_rng(3)
    weights, activations = rng.integers(-20, 21, (60, 20)), rng.integers(0, 32, (5, 60))
    clean = Chip(imperfections=Imperfections.none()).run_matrix(hagen, weights, activations).values
    ideal = Chip(fidelity="ideal").run_matrix(hagen, weights, activations).values
    assert abs(clean.astype(int) - ideal).max() <= 1


def test_normals_of_reads_equal_their_twin():
    halves = [*range(0, 65536, 37), *range(256), *range(65280, 65536)]
    assert [read_normal(half) for half in halves] == [twin_of_read(half) for half in halves]


def test_normals_of_reads_are_normal():
    numbers = np.array([read_normal(half) for half in range(65536)]) / 4096
    assert abs(numbers.mean()) < 2e-4
    assert numbers.var() == pytest.approx(1, abs=3e-4)
    assert (numbers**4).mean() == pytest.approx(3, abs=1e-2)
    assert (numbers**6).mean() == pytest.approx(15, abs=0.1)
    assert stats.kstest(numbers, "norm").statistic < 6e-3
    assert 3.5 < numbers.max() < 4.5


def test_instruction_sets_give_the_same_bytes(hagen):
    rng = np.random.default_rng(1)
    for rows, columns, batch, wait in (
        (300, 270, 19, 5),
        (70, 300, 41, 5),
        (1, 1, 1, 5),
        (127, 33, 9, 2),
        (128, 256, 8, 1),
    ):
        weights, activations = rng.integers(-63, 64, (rows, columns)), rng.integers(0, 32, (batch, rows))
        for fidelity in ("full", "ideal"):
            results = []
            for instructions in range(best_instructions() + 1):
                chip = Chip("twin", fidelity)
                chip._hagen.instructions = instructions
                run = chip.run_matrix(hagen, weights, activations, wait_between_events=wait)
                results.append((run.values.tobytes(), run.events_sent))
            assert len(set(results)) == 1
