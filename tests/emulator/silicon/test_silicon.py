"""Behaviours 1 and 12: fixed-pattern mismatch belongs to the serial, with the spreads of the sheet."""

import math

import numpy as np
import pytest

from bss2_emulator import Chip, Imperfections, RunError
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
    for name, sigma in (("leak_conductance", 0.12), ("tau_syn", 0.20)):
        of_chips = [np.log(getattr(silicon, name) / silicon.scale(name)) for silicon in population]
        within(np.std(of_chips), sigma, np.size(of_chips))
    within(pooled(population, "gm").std(), 0.055, n)
    within(pooled(population, "synin_shift").std(), 115, 2 * n)
    within(pooled(population, "cadc_offset").std(), 10, n)
    within(pooled(population, "synapse").std(), 0.02, 2 * 256 * n)


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
    conductance = np.array([silicon.leak_conductance / silicon.scale("leak_conductance") for silicon in population])
    assert correlation(leak, np.log(conductance)) == pytest.approx(-0.25, abs=margin)
    gm, cadc = (pooled(population, name) for name in ("gm", "cadc_offset"))
    tau = np.array([silicon.tau_syn / silicon.scale("tau_syn") for silicon in population])
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
    for name in ("leak", "reset", "threshold"):
        total = [getattr(s, f"{name}_offset") + s.readout_offset for s in (left, full)]
        assert 0 < total[0].std() / total[1].std() < 0.05, "what a calibration leaves comes from the cells"


@pytest.mark.statistical
def test_serials_differ_in_scales_by_5_to_10_percent():
    """Half the width of the 99.9 % interval of a standard deviation over 400 serials is an eighth of it."""
    scales = [
        {name: silicon.scale(name) for name in ("strength", "gain", "leak_conductance", "tau_syn")}
        for silicon in (Silicon(f"scale-{i}") for i in range(400))
    ]
    of_products = np.log([scale["strength"] * scale["gain"] for scale in scales])
    others = [np.log([scale[name] for scale in scales]) for name in ("strength", "leak_conductance", "tau_syn")]
    for logarithms in (of_products, *others):
        assert 0.05 <= logarithms.std() <= 0.10
        assert logarithms.std() * 3.29 / math.sqrt(2 * 400) <= 0.0125


def test_temperature_moves_a_chip_and_the_usual_one_does_not():
    usual, warm, said = (Silicon("a", temperature=degrees) for degrees in (None, 65, SHEET.mean("temperature")))
    assert usual.scale("tau_syn") == said.scale("tau_syn")
    assert warm.scale("tau_syn") / usual.scale("tau_syn") == pytest.approx(1 + 20 * SHEET.mean("temperature_tau_syn"))
    moved = 20 * SHEET.mean("temperature_potential")
    assert warm.leak_offset - usual.leak_offset == pytest.approx(np.full(512, moved))
    assert Silicon("a", "ideal", temperature=65).scale("strength") == 1
    with pytest.raises(RunError, match="wanted -20 to 120 degrees"):
        Chip(temperature=400)


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
