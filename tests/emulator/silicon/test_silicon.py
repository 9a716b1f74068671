"""Behaviours 1 and 12: fixed-pattern mismatch belongs to the serial, with the spreads of the sheet."""

import math

import numpy as np
import pytest

from bss2_emulator import Chip, Imperfections
from bss2_emulator.facts.coordinates import QUADRANT
from bss2_emulator.facts.sheet import SHEET
from bss2_emulator.silicon.serial import Silicon

SERIALS = [f"population-{i}" for i in range(40)]
MADC = 1.5e-3  # V per LSB
SPREADING = [row for row in SHEET.rows.values() if row.spread]


@pytest.fixture(scope="module")
def population():
    return [Silicon(serial, "full", Imperfections()) for serial in SERIALS]


def pooled(population, name):
    return np.array([getattr(silicon, name) for silicon in population])


def within(value, expected, count):
    """A standard deviation of ``count`` normals, 99.9 %."""
    assert abs(value / expected - 1) < 3.29 / math.sqrt(2 * count)


def test_spreads_are_those_of_the_sheet(population):
    n = 512 * len(SERIALS)
    ro, leak = pooled(population, "readout_offset"), pooled(population, "leak_offset")
    reset, threshold = pooled(population, "reset_offset"), pooled(population, "threshold_offset")
    within(ro.std(), 9.5 * MADC, n)
    within((leak + ro).std(), 27 * MADC, n)
    within((reset + ro).std(), 29 * MADC, n)
    within((threshold + ro).std(), 14.3 * MADC, n)
    within(pooled(population, "capacitance").std(), 0.03, n)
    within(np.log(pooled(population, "leak_conductance")).std(), 0.12, n)
    within(np.log(pooled(population, "tau_syn")).std(), 0.20, 2 * n)
    within(pooled(population, "gm").std(), 0.055, n)
    within(pooled(population, "synin_shift").std(), 115, 2 * n)
    within(pooled(population, "cadc_offset").std(), 10, n)
    within(pooled(population, "synapse").std(), 0.03, 2 * 256 * n)


def test_correlations_are_those_of_the_sheet(population):
    ro = pooled(population, "readout_offset").ravel()
    leak = pooled(population, "leak_offset").ravel() + ro
    margin = 3.29 / math.sqrt(len(ro))

    def correlation(a, b):
        return np.corrcoef(a.ravel(), b.ravel())[0, 1]

    assert correlation(leak, pooled(population, "reset_offset").ravel() + ro) == pytest.approx(0.61, abs=0.02 + margin)
    assert correlation(leak, pooled(population, "threshold_offset").ravel() + ro) == pytest.approx(
        0.21, abs=0.03 + margin
    )
    assert correlation(leak, np.log(pooled(population, "leak_conductance"))) == pytest.approx(-0.25, abs=margin)
    gm, tau, cadc = (pooled(population, name) for name in ("gm", "tau_syn", "cadc_offset"))
    assert correlation(gm[:, 0], gm[:, 1]) == pytest.approx(0.42, abs=margin)
    assert correlation(tau[:, 0], tau[:, 1]) == pytest.approx(0, abs=margin)
    assert correlation(cadc[:, :, 0], cadc[:, :, 1]) == pytest.approx(0.1, abs=margin)


def test_quadrants_differ_on_every_chip(population):
    for silicon in population:
        strength = silicon.quadrant_strength
        means = np.array([strength[q == QUADRANT].mean() for q in range(4)])
        assert means.mean() == pytest.approx(1)
        assert 0.15 < means.std() < means.std(ddof=1) < 0.35
        within_quadrant = silicon.gm**0.8
        assert 0.035 < within_quadrant.std() < 0.055


def test_serials_are_chips_of_their_own():
    one, again, other = (Silicon(serial, "full", Imperfections()) for serial in ("a", "a", "b"))
    for name in ("leak_offset", "threshold_offset", "capacitance", "leak_conductance", "readout_offset", "comparator"):
        assert np.array_equal(getattr(one, name), getattr(again, name))
        assert abs(np.corrcoef(getattr(one, name), getattr(other, name))[0, 1]) < 0.15


def test_fixed_pattern_outlives_sessions_and_noise(network, events, label, slow):
    config = network(np.full((1, 512), 60), range(512), **slow)
    flat = events([[(1000, label(0))]] * 100)

    def means(serial, seed):
        run = Chip(serial, seed=seed).run_spiking(config, 3000, *flat, cadc_neurons=range(512))
        return np.concatenate([
            np.array([s.values[s.offsets[b] : s.offsets[b + 1]][:10].mean(axis=0) for b in range(100)]).mean(axis=0)
            for s in run.cadc
        ])  # fmt: skip

    first, second, other = means("one", 1), means("one", 2), means("two", 1)
    assert np.corrcoef(first, second)[0, 1] > 0.99
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.15


def test_ideal_chips_are_equal_and_calibrated_ones_nearly():
    ideal = Silicon("a", "ideal", Imperfections())
    assert not any(
        getattr(ideal, name).any() for name in ("leak_offset", "readout_offset", "cadc_offset", "synin_shift")
    )
    assert (ideal.synapse == 1).all()
    assert (ideal.quadrant_strength == 1).all()
    left, full = Silicon("a", "calibrated", Imperfections()), Silicon("a", "full", Imperfections())
    for name, share in (("leak", 0.25), ("reset", 0.18), ("threshold", 0.30)):
        total = [getattr(s, f"{name}_offset") + s.readout_offset for s in (left, full)]
        assert total[0].std() / total[1].std() == pytest.approx(share, rel=0.15)


@pytest.mark.parametrize("switch", sorted({row.switch for row in SPREADING}))
def test_each_imperfection_goes_alone(switch):
    silicon = Silicon("a", "full", Imperfections(**{switch: False}))
    for row in SPREADING:
        assert (silicon.sigma(row.name) == 0) == (row.switch == switch)


def test_terms_differ_as_declared(population):
    """No sheet has these; each parameter has the spread that the table declares, and its own numbers."""
    own = ("exp_sharpness", "exp_potential", "adapt_tau", "adapt_a", "adapt_b", "adapt_leak", "adapt_reference", "icc")
    drawn = {name: np.array([silicon.offsets(name) for silicon in population]) for name in own}
    drawn |= {name: np.array([s.offsets(name, 2, 512) for s in population]) for name in ("coba", "reversal")}
    for name, values in drawn.items():
        within(values.std(), SHEET.rows[name].spread, values.size)
        assert abs(values.mean()) < 3.29 * SHEET.rows[name].spread / math.sqrt(values.size)
    flat = np.array([drawn[name].ravel() for name in own])
    off_diagonal = np.corrcoef(flat)[np.triu_indices(len(own), 1)]
    assert abs(off_diagonal).max() < 4.5 / math.sqrt(flat.shape[1])


def test_any_text_names_a_chip():
    names = [
        "",
        " ",
        "a",
        "A",
        "a ",
        "\u00df",
        "ss",
        "\U0001f600",
        "\ud800",
        "\x00",
        "\x1f",
        "a\x1fleak",
        "7",
        "07",
        "x" * 10_000,
    ]
    leaks = np.array([Silicon(name).leak_offset for name in names])
    correlation = np.corrcoef(leaks)[np.triu_indices(len(names), 1)]
    assert abs(correlation).max() < 4.5 / math.sqrt(512)
    assert abs(leaks.std(axis=1) / leaks.std() - 1).max() < 4.5 / math.sqrt(1024)
