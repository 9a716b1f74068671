"""Membranes of calibrated chips do what measured ones do; chip facts 2.6, 3.3, 6.3 and 6.5.

Five chips that no other test uses, each measured once. An estimate lies in its band, and half the width of its 99.9 %
interval, over neurons or traces of these chips, is at most a quarter of the band.
"""

import numpy as np
import pytest
import signals
import surveys

pytestmark = [pytest.mark.slow, pytest.mark.statistical]


@pytest.fixture(scope="module")
def seen():
    """What all chips show, by function of :mod:`signals`."""
    return signals.survey()


def test_excitation_has_no_visible_limit(seen):
    few, some, many = (seen[f"excited {rows}"] for rows in (3, 6, 9))
    assert surveys.mean(many).inside(227 * 0.9, 227 * 1.1)
    first, last = np.mean(few), np.mean(many) - np.mean(some)
    assert 0.95 < last / first < 1.10
    error = 3.29 * np.sqrt(sum(np.var(values) / np.size(values) for values in (few, some, many)))
    assert error / first < 0.15 / 4


def test_inhibition_ends_behind_it_where_membranes_are_low(seen):
    behind = [100 * (1 - low / high) for low, high in zip(seen["inhibited"], seen["excited 9"], strict=True)]
    assert surveys.mean(behind).inside(40, 46)


def test_inhibition_of_membranes_above_rest_is_as_strong_as_excitation(seen):
    relative = [100 * high / low for high, low in zip(seen["high"], seen["excited 9"], strict=True)]
    assert surveys.mean(relative).inside(97, 103)


def test_resting_membranes_have_the_noise_of_measured_ones(seen):
    assert surveys.mean(seen["deviation"]).inside(0.9, 1.6)
    assert surveys.mean(seen["range"]).inside(9, 18)


@pytest.mark.parametrize("lag", range(len(signals.LAGS)), ids=[f"{lag * 1e6:g} us" for lag in signals.LAGS])
def test_their_noise_is_as_slow(seen, lag):
    real = signals.CORRELATION[lag]
    assert surveys.mean([values[:, lag] for values in seen["correlation"]]).inside(real - 0.1, real + 0.1)


def test_readings_scatter_over_trials_as_measured_ones(seen):
    assert surveys.mean(seen["trials"]).inside(1.0, 1.5)
    assert surveys.mean(seen["differences"]).inside(0.8, 1.7)


def test_resets_are_over_within_a_refractory_time(seen):
    assert surveys.mean(seen["reset"]).inside(0.15e-6, 0.20e-6)


def test_compartments_see_each_other_as_measured_ones(seen):
    off = signals.off_the_table(np.concatenate(seen["compartments"]))
    assert off.value < 0.06
    assert off.half_width < 0.06 / 4


@pytest.mark.parametrize("scale", ["gain of products", "strength", "leak_conductance", "tau_syn"])
def test_serials_differ_as_a_whole(scale):
    assert surveys.serial_scales()[scale].inside(0.05, 0.10)
