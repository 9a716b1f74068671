"""Products of calibrated chips show what products of measured chips show (chip facts 12.5).

Each law has ten estimates, one of each hemisphere of five chips that no other test uses. Their mean lies in the band
of the measured figure, and the half-width of its 99.9 % interval is at most a quarter of the band.
"""

import products_seen
import pytest

pytestmark = pytest.mark.slow  # calibrates five chips


@pytest.mark.parametrize("name", products_seen.BANDS)
def test_products_show_what_measured_ones_show(name):
    estimate = products_seen.judged(name)
    assert estimate.inside(*products_seen.BANDS[name]), estimate


def test_nearly_all_columns_are_calibrated():
    assert (products_seen.survey()["success"] >= 0.98).all()
