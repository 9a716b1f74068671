"""Searches find the code of a monotone function, on many elements at once, with and without noise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hxtorch.core.calibration.bench.searches import (
    LinearPrediction,
    PowerPrediction,
    binary_search,
    linear_search,
    noisy_binary_search,
    predictive_search,
)

N = 512


class Lines:
    """``value = slope * (code - zero)`` per element, with noise; counts its measurements."""

    def __init__(self, seed, slope=1.0, noise=0.0):
        self.rng = np.random.default_rng(seed)
        self.zero = self.rng.uniform(100, 900, N)
        self.slope, self.noise, self.calls = slope, noise, 0

    def __call__(self, codes):
        assert codes.dtype.kind == "i"
        assert codes.shape == (N,)
        assert codes.min() >= 0
        assert codes.max() <= 1022
        self.calls += 1
        return self.slope * (codes - self.zero) + self.noise * self.rng.standard_normal(N)

    def error(self, found):
        return np.abs(found.codes - self.zero)


@settings(max_examples=30)
@given(st.integers(0, 2**31), st.sampled_from([-1, 1]), st.floats(0.1, 5))
def test_binary_search_ends_at_the_nearest_code(seed, sign, steepness):
    lines = Lines(seed, sign * steepness)
    found = binary_search(lines, np.zeros(N), slope=sign)
    assert lines.error(found).max() <= 1.0
    assert found.success.all()
    assert lines.calls <= 13


@pytest.mark.parametrize("sign", [-1, 1])
def test_binary_search_on_a_sigmoid(sign):
    lines = Lines(3, 0.05)
    found = binary_search(lambda codes: sign * np.tanh(lines(codes)), np.zeros(N), slope=sign)
    assert lines.error(found).max() <= 1.0


def test_noisy_binary_search_stays_within_the_noise():
    lines = Lines(5, noise=4.0)
    found = noisy_binary_search(lines, np.zeros(N))
    assert np.quantile(lines.error(found), 0.95) <= 3 * 4.0
    assert found.success.all()
    assert lines.calls <= 14


def test_linear_search_walks_past_its_target_and_keeps_the_best():
    lines = Lines(7)
    found = linear_search(lines, np.zeros(N), np.rint(lines.zero) + 30, step=4)
    assert lines.error(found).max() <= 4
    assert found.success.all()


def test_linear_search_gives_up():
    lines = Lines(7)
    linear_search(lines, np.full(N, 1e6), np.zeros(N, np.int64), step=1, most=5)
    assert lines.calls == 5


@settings(max_examples=30)
@given(st.integers(0, 2**31), st.floats(0.2, 4), st.floats(0.8, 1.2))
def test_predictive_search_converges_though_its_slope_is_off(seed, slope, wrong):
    lines = Lines(seed, slope)
    found = predictive_search(lines, np.zeros(N), np.full(N, 500), LinearPrediction(wrong / slope), steps=4)
    assert lines.error(found).max() <= 2.0
    assert found.success.all()
    assert lines.calls == 4


@pytest.mark.parametrize("exponent", [-1.0, 0.8])
def test_predictive_search_follows_a_power_law(exponent):
    factor = np.random.default_rng(1).lognormal(0, 0.2, N)
    found = predictive_search(
        lambda codes: factor * (codes / 400) ** exponent, np.ones(N), np.full(N, 400), PowerPrediction(exponent), low=1
    )
    best = 400 * factor ** (-1 / exponent)
    assert np.abs(found.codes - best).max() <= 1


def test_predictive_search_averages_noise_over_predictions():
    errors = []
    for keep in (1, 8):
        lines = Lines(11, noise=10.0)
        found = predictive_search(lines, np.zeros(N), np.full(N, 500), LinearPrediction(1.0), steps=10, keep=keep)
        errors.append(lines.error(found).std())
    assert errors[1] < 0.6 * errors[0]


@pytest.mark.parametrize(
    "search",
    [
        lambda measure, target: binary_search(measure, target),
        lambda measure, target: noisy_binary_search(measure, target),
        lambda measure, target: linear_search(measure, target, np.full(N, 500), step=40),
        lambda measure, target: predictive_search(measure, target, np.full(N, 500), LinearPrediction(1.0)),
    ],
    ids=["binary", "noisy", "linear", "predictive"],
)
def test_targets_beyond_the_range_fail_and_the_others_do_not(search):
    lines = Lines(13)
    target = np.zeros(N)
    target[:5], target[5:10] = 1e5, -1e5
    found = search(lines, target)
    assert not found.success[:10].any()
    assert found.success[10:].all()
    assert (found.codes[:5] == 1022).all()
    assert (found.codes[5:10] == 0).all()


def test_elements_that_can_not_be_measured_fail():
    def measure(codes):
        return np.where(np.arange(N) == 3, np.nan, codes.astype(float))

    found = predictive_search(measure, np.full(N, 400.0), np.full(N, 500), LinearPrediction(1.0))
    assert not found.success[3]
    assert found.success[4:].all()
