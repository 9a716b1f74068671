"""Behaviours 6, 7 and 8 of the facts, section 9, over a population of chips: 99.9 % of chips lie within the limits."""

import numpy as np
import pytest

from bss2_emulator import Chip, OperandRangeError

SERIALS = [f"population-{number}" for number in range(40)]
Z = 3.29  # 99.9 % of a normal variable


@pytest.fixture(scope="module")
def multiply(hagen):
    def product(serial, weights, activations, fidelity="calibrated", **options):
        return Chip(serial, fidelity).run_matrix(hagen, weights, activations, **options).values.astype(int)

    return product


@pytest.fixture(scope="module")
def population(multiply):
    """Measure each chip once; names to one number for each chip."""
    grid = np.arange(-63, 64, 3)
    steps = np.full((20, 64), 12)
    chips = []
    for serial in SERIALS:
        constant = multiply(serial, np.full((100, 512), 21), np.full((100, 100), 15))
        sweep = np.stack([multiply(serial, np.full((64, 256), w), steps).mean(axis=0) for w in grid])
        strong = {w: multiply(serial, np.full((128, 512), w), np.full((20, 128), 31)).mean(axis=0) for w in (-63, 63)}
        one, full = (
            multiply(serial, np.full((100, 512), weight), np.full((60, 100), a)).mean() / (weight * a)
            for weight, a in ((63, 1), (2, 31))
        )
        zeros = multiply(serial, np.full((128, 512), 63), np.zeros((300, 128), int))
        opposed = np.concatenate((np.full((128, 64), 40), np.full((128, 64), -40)))
        eye = np.eye(128, dtype=int)
        diagonal = np.diag(multiply(serial, 63 * eye, 31 * eye, num_sends=40, wait_between_events=2))
        single = multiply(serial, np.full((128, 256), 63), 3 * eye, num_sends=100)
        mean, inside = sweep.mean(axis=1), abs(sweep) <= 60
        linear = abs(mean) <= 60
        residuals = [
            abs(y[i] - np.polyval(np.polyfit(grid[i], y[i], 1), grid[i])).max()
            for y, i in zip(sweep.T, inside.T, strict=True)
        ]
        chips.append(
            {
                "gain": constant.mean() / (100 * 15 * 21),
                "columns": constant.std(axis=1).mean(),  # of one shot, as published
                "noise": constant.std(axis=0).mean(),
                "residual": np.mean(residuals),
                "slope": np.polyfit(grid[linear], mean[linear], 1)[0],
                "highest": strong[63].mean(),
                "lowest": strong[-63].mean(),
                "diagonal": abs(diagonal).min(),
                "opposed": multiply(serial, opposed, np.full((40, 256), 30)).mean(),
                "three": multiply(serial, np.full((384, 64), 40), np.full((4, 384), 30)).mean(),
                "zero": zeros.mean(),
                "zero of a column": abs(zeros.mean(axis=0)).max(),
                "zero noise": zeros.std(axis=0).mean(),
                "grading": one / full,
                "drivers": single.mean(axis=1).std(),
            }
        )  # fmt: skip
    return {name: np.array([chip[name] for chip in chips]) for name in chips[0]}


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("gain", 0.0015, 0.0026),  # serials differ by 8 %
        ("columns", 2, 4.3),  # 2.4 and 3.2 on two chips, and serials differ by 8 % in gain
        ("noise", 1.4, 4),  # at most twice 2.0
        ("residual", 0, 3),
        ("slope", 0.0015 * 64 * 12, 0.0026 * 64 * 12),
        ("highest", 125, 127.01),
        ("lowest", -120, -90),
        ("diagonal", 40, 127.01),
        ("opposed", 2, 32),  # 17 +- 15
        ("three", 126, 127.01),
        ("zero", -3, 3),
        ("zero of a column", 0, 3),
        ("zero noise", 0.85, 1.25),
        ("grading", 0.7, 1.3),
        ("drivers", 0.3, 4),
    ],
)
def test_chips_behave_within_the_limits(population, name, low, high):
    values = population[name]
    assert (values >= low).all()
    assert (values <= high).all()
    assert values.mean() - Z * values.std(ddof=1) >= low
    assert values.mean() + Z * values.std(ddof=1) <= high


def test_tiles_of_opposite_sign_do_not_cancel(population):
    assert (population["opposed"] > 3).all()  # +127 and about -110


@pytest.mark.parametrize(("weight", "activation"), [(64, 1), (-64, 1), (1, 32), (1, -1)])
def test_what_has_no_code_overflows(multiply, weight, activation):
    with pytest.raises(OperandRangeError, match="wanted"):
        multiply("population-0", [[weight]], [[activation]])


@pytest.mark.parametrize("fidelity", ["ideal", "calibrated", "full"])
def test_a_zero_sends_no_event_whatever_its_driver_adds(hagen, fidelity):
    config = hagen.replace(hagen_dac_offset=63)  # every driver adds three LSB
    chip = Chip("population-0", fidelity)
    run = chip.run_matrix(config, np.full((128, 512), 63), np.zeros((100, 128), int), num_sends=7)
    assert run.events_sent == 0
    assert abs(run.values.mean()) < 0.2
    one = np.zeros((1, 128), int)
    one[0, 5] = 1
    assert chip.run_matrix(config, np.full((128, 512), 63), one, num_sends=7).events_sent == 7 * 2  # on two tiles


def test_rows_of_one_sign_are_separate_synapses(multiply):
    """A positive weight uses the excitatory synapse of its column, a negative one the inhibitory: other mismatch."""
    responses = [
        multiply("population-1", np.full((1, 256), w), np.full((400, 1), 31), num_sends=15).mean(axis=0)
        for w in (50, -50)
    ]
    up, down = responses[0], -responses[1]
    assert up.mean() == pytest.approx(down.mean(), rel=0.1)
    assert abs(np.corrcoef(up, down)[0, 1]) < 0.9
    assert min(up.std(), down.std()) > 1
