"""Products of calibrated chips show what products of measured chips show (chip facts 12.5).

Each law has ten estimates, one of each hemisphere of five chips that no other test uses. Their mean lies in the band
of the measured figure, and the half-width of its 99.9 % interval is at most a quarter of the band.
"""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from hxtorch.core import open_session
from hxtorch.core.calibration import HagenCalibTarget, calibrate
from hxtorch.core.seam.configuration import ChipConfiguration
from hxtorch.core.seam.programs import MatrixProgram

SERIALS = [f"survey-{number}" for number in range(1, 6)]
ROWS, COLUMNS = 128, 256

pytestmark = pytest.mark.slow  # calibrates five chips


def agrees(estimates, low, high):
    """Judge estimates that are independent of each other by the rule above."""
    estimates = np.ravel(estimates)
    half = stats.t.ppf(0.9995, len(estimates) - 1) * estimates.std(ddof=1) / np.sqrt(len(estimates))
    assert low <= estimates.mean() <= high
    assert half <= (high - low) / 4


@pytest.fixture(scope="module")
def survey():
    """Measure each chip once; names to one estimate for each hemisphere of each chip, (5, 2)."""
    found = [measured(serial) for serial in SERIALS]
    return SimpleNamespace(**{name: np.array([chip[name] for chip in found]) for name in found[0]})


def measured(serial):
    with open_session(serial=serial, fidelity="full") as session:
        calibration = calibrate(session.connection, HagenCalibTarget())
        configuration = calibration.apply(ChipConfiguration())

        def products(weight, rows, activation, repetitions, sends=1):
            """Return results of the same vector on both hemispheres, one tile each, (hemisphere, repetitions, 256)."""
            weights = np.full((rows, 2 * COLUMNS), weight, np.int8)
            vectors = np.tile(np.asarray(activation, np.uint8), (repetitions, 1))
            values = session.run_matrix(MatrixProgram(configuration, weights, vectors, sends)).values
            return values.reshape(repetitions, 2, COLUMNS).swapaxes(0, 1).astype(float)

        zero = products(1, ROWS, np.zeros(ROWS), 300)
        sends = products(1, 1, [1], 500, sends=1024)
        moved = products(0, 1, [1], 300, sends=1024)
        row = products(21, 1, [12], 300, sends=100)
        operating = products(21, 103, np.full(103, 15), 100)
        counts = np.array([4, 8, 16, 32])
        spread = [relative_spread(products(1, ROWS, np.full(ROWS, 6), 300, sends=int(n))) for n in counts]
        single = np.tile(3 * np.eye(ROWS), (20, 1))
        weights = np.full((ROWS, 2 * COLUMNS), 63, np.int8)
        drivers = session.run_matrix(MatrixProgram(configuration, weights, single.astype(np.uint8), 100)).values
        few, many = (products(0, 1, [1], 300, sends=n).mean(axis=1) for n in (100, 200))
        return {
            "success": np.full(2, calibration.success.mean()),
            "zero": zero.std(axis=1).mean(axis=1),
            "sends": sends.std(axis=1).mean(axis=1),
            "offset": moved.mean(axis=1).std(axis=1),
            "bend": 1 - (many * moved.mean(axis=1)).sum(axis=1) / (few * moved.mean(axis=1)).sum(axis=1) / 2,
            "shot": row.std(axis=2).mean(axis=1),
            "mismatch": 100 * row.mean(axis=1).std(axis=1) / row.mean(axis=(1, 2)),
            "gain": operating.mean(axis=(1, 2)) / (21 * 15 * 103),
            "noise": operating.std(axis=1).mean(axis=1),
            "exponent": np.polyfit(np.log(counts), np.log(spread), 1)[0],
            "drivers": drivers.reshape(20, ROWS, 2, COLUMNS).mean(axis=(0, 3)).std(axis=0),
        }


def relative_spread(values):
    """Return the spread over repetitions, median over columns, over the mean response, (hemisphere,)."""
    return np.median(values.std(axis=1), axis=1) / values.mean(axis=(1, 2))


def test_silent_columns_vary_by_an_lsb(survey):
    agrees(survey.zero, 0.85, 1.25)


def test_a_thousand_events_add_four_lsb_of_noise(survey):
    agrees(survey.sends, 4.2, 5.5)


def test_relative_spread_falls_as_the_root_of_sends(survey):
    agrees(survey.exponent, -0.53, -0.41)


def test_events_move_each_column_by_its_own_offset(survey):
    agrees(survey.offset, 4.0, 7.0)


def test_the_response_to_few_events_is_bent(survey):
    """The second hundred of events moves a column by less than the first."""
    agrees(survey.bend, 0.05, 0.2)


def test_one_shot_of_one_row_spreads_over_columns(survey):
    agrees(survey.shot, 2.4, 3.2)


def test_synapses_and_columns_differ_by_three_to_five_percent_together(survey):
    agrees(survey.mismatch, 3.0, 5.0)


def test_calibrated_drivers_differ_by_about_two_lsb(survey):
    agrees(survey.drivers, 1.0, 4.0)


def test_gain_and_noise_at_the_operating_point_are_those_of_the_mock_model(survey):
    agrees(survey.gain, 0.0019 * 0.75, 0.0019 * 1.25)
    agrees(survey.noise, 1.5, 2.5)


def test_nearly_all_columns_are_calibrated(survey):
    assert (survey.success >= 0.98).all()
