"""Reference: the matrix kernels do what their plain twin says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bss2_emulator import Chip, Imperfections
from bss2_emulator.columns import column_constants
from bss2_emulator.neurons import neuron_physics
from bss2_emulator.noise import RunNoise
from bss2_emulator.reference.hagen import half_away, run_tile, saturate


def twin(chip, config, weights, activations, hemisphere, number, sends=1):
    """One tile by the reference; leak is off."""
    columns = column_constants(config, chip.silicon, hemisphere, neuron_physics(config, chip.silicon))
    offsets = chip.silicon.driver_offset[hemisphere] + 0.1 * (config.hagen_dac_offset[hemisphere].astype(float) - 32)
    return run_tile(
        weights, activations, offsets, chip.silicon.synapse[hemisphere], columns, columns.gain * sends,
        chip.fidelity == "ideal", RunNoise.of(chip.serial, chip.seed, 0).key, 0, number,
    )  # fmt: skip


@pytest.mark.parametrize("fidelity", ["full", "calibrated", "ideal"])
@pytest.mark.parametrize(("rows", "columns"), [(5, 3), (128, 33), (40, 256)])
def test_a_tile_equals_its_twin(hagen, fidelity, rows, columns):
    rng = np.random.default_rng(rows)
    weights, activations = rng.integers(-63, 64, (rows, columns)), rng.integers(0, 32, (3, rows))
    chip = Chip("twin", fidelity, seed=4)
    got = chip.run_matrix(hagen, weights, activations, num_sends=2).values
    want = twin(chip, hagen, weights, activations, 0, 0, sends=2)
    assert abs(got - want).max() <= 1
    assert (got != want).mean() < 0.002  # rounding in single precision


def test_tiles_are_added_after_they_saturated(hagen):
    rng = np.random.default_rng(3)
    weights, activations = rng.integers(-20, 64, (260, 262)), rng.integers(0, 8, (2, 260))
    chip = Chip("twin", seed=4)
    got = chip.run_matrix(hagen, weights, activations).values
    total = np.zeros(got.shape, int)
    for number in range(6):
        x, y = divmod(number, 3)
        block = weights[128 * y : 128 * (y + 1), 256 * x : 256 * (x + 1)]
        part = twin(chip, hagen, block, activations[:, 128 * y : 128 * (y + 1)], number % 2, number)
        assert abs(part).max() <= 128
        total[:, 256 * x : 256 * x + part.shape[1]] += part
    want = np.clip(total, -128, 127)
    assert abs(got - want).max() <= 2
    assert (got != want).mean() < 0.01


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
