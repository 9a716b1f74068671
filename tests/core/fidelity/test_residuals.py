"""What a calibration leaves is what it leaves on real chips; chip facts 6.4, five serials of their own.

Estimates carry half the width of their 99.9 % interval (`surveys.spread`: of a standard deviation over the neurons of
five chips); a figure has to lie in its band and be known to a quarter of it.
"""

import numpy as np
import pytest
from surveys import BANDS, survey

BARS = {"leak": 2.8, "reset": 1.9, "threshold": 1.7, "tau_mem": 0.055}  # of the chip's own calibration software

pytestmark = [pytest.mark.slow, pytest.mark.statistical]


@pytest.fixture(scope="module")
def full():
    return survey("full")


@pytest.fixture(scope="module")
def calibrated():
    return survey("calibrated")[0]


@pytest.mark.parametrize("quantity", BANDS)
def test_a_calibration_leaves_what_it_leaves_on_real_chips(full, quantity):
    estimate = full[0][quantity]
    assert estimate.inside(*BANDS[quantity]), estimate


@pytest.mark.parametrize("quantity", BARS)
def test_bars_of_the_calibration_are_met(full, quantity):
    value, half_width = full[0][quantity]
    assert value + half_width <= BARS[quantity]


def test_calibrations_succeed(full):
    assert np.mean([calibration.success.mean() for calibration in full[1]]) >= 0.98


def test_a_calibration_does_not_know_what_is_left(full):
    """It reads under the writes that it corrects: what it reports is nearer to the target than what a user sees."""
    for calibration in full[1]:
        reported = calibration.measured["leak"][calibration.success].std()
        assert reported < full[0]["leak"].value


@pytest.mark.parametrize("quantity", BANDS)
def test_calibrated_fidelity_agrees_with_a_calibrated_chip(full, calibrated, quantity):
    one, two = full[0][quantity], calibrated[quantity]
    room = one.half_width / one.value + two.half_width / two.value
    assert abs(np.log(two.value / one.value)) + room < np.log(1.3), (one, two)
