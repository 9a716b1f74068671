"""Fits recover time constants and amplitudes from synthetic samples, whatever the baselines of batch entries are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hxtorch.core.calibration.bench.traces import Traces, candidates, decay, psp_peak, psp_scale
from hxtorch.core.calibration.bench.trains import Train
from hxtorch.core.seam.programs import CYCLE
from hxtorch.core.seam.results import CADCSamples

N, ENTRIES, RUNTIME = 32, 40, 180e-6


def sampled(rng, course, noise=0.0):
    """Return samples of ``course(times) -> (samples, neurons)`` at jittered times, with a baseline per entry."""
    period = round(2e-6 / CYCLE)
    times = [np.arange(rng.integers(0, period), round(RUNTIME / CYCLE), period) for _ in range(ENTRIES)]
    offsets = np.concatenate([[0], np.cumsum([len(t) for t in times])])
    values = [
        course(t * CYCLE) + rng.uniform(80, 120, (1, N)) + noise * rng.standard_normal((len(t), N)) for t in times
    ]
    return CADCSamples(np.concatenate(times), np.concatenate(values), np.arange(N), offsets)


@given(st.floats(1e-6, 30e-6), st.floats(-60, -10), st.integers(0, 2**31))
def test_a_decay_is_recovered(tau, amplitude, seed):
    rng = np.random.default_rng(seed)
    taus = tau * rng.lognormal(0, 0.15, N)
    samples = sampled(rng, lambda times: amplitude * decay(times[:, None], taus))
    traces = Traces.of(samples, np.arange(ENTRIES), lambda times: times >= 0)
    found, height = traces.fit_decay(decay, candidates(np.array([tau])))
    np.testing.assert_allclose(found, taus, rtol=0.02)
    np.testing.assert_allclose(height, amplitude, rtol=0.1)


@given(st.floats(2e-6, 15e-6), st.floats(2e-6, 15e-6), st.sampled_from([-1, 1]), st.integers(0, 2**31))
def test_a_psp_is_recovered(tau_mem, tau_syn, sign, seed):
    rng = np.random.default_rng(seed)
    taus = tau_syn * rng.lognormal(0, 0.15, N)
    height = sign * 20 / psp_peak(tau_mem, tau_syn)

    def course(times):
        difference = decay(times[:, None] - 4e-6, np.full(N, tau_mem)) - decay(times[:, None] - 4e-6, taus)
        return height * psp_scale(tau_mem, taus) * difference

    traces = Traces.of(sampled(rng, course), np.arange(ENTRIES), lambda times: times >= 0)

    def shape(times, constants):
        return decay(times - 4e-6, constants)

    found, amplitude = traces.fit_psp(shape, np.full(N, tau_mem), taus, candidates(np.array([tau_syn])))
    np.testing.assert_allclose(found, taus, rtol=0.02)
    np.testing.assert_allclose(amplitude, height, rtol=0.02)


def test_equal_time_constants_are_no_exception():
    rng, tau = np.random.default_rng(0), 10e-6
    samples = sampled(rng, lambda times: np.tile((times * np.exp(-times / tau) * 5e6)[:, None], N), noise=1.5)
    traces = Traces.of(samples, np.arange(ENTRIES), lambda times: times >= 0)
    found, amplitude = traces.fit_psp(decay, np.full(N, tau), np.full(N, tau), candidates(np.array([tau])))
    np.testing.assert_allclose(found, tau, rtol=0.1)
    np.testing.assert_allclose(amplitude, 5e6, rtol=0.05)


@pytest.mark.parametrize(("tau_mem", "tau_syn", "peak"), [(10e-6, 10e-6, 10e-6 / np.e), (20e-6, 10e-6, 5e-6)])
def test_the_peak_of_a_psp(tau_mem, tau_syn, peak):
    assert psp_peak(tau_mem, tau_syn) == pytest.approx(peak, rel=2e-3)


@given(st.floats(2e-6, 400e-6), st.integers(1, 300))
def test_a_train_has_enough_pulses_and_fits_its_runtime(period, repetitions):
    train = Train.of(period, repetitions)
    assert len(train.times) * train.entries >= repetitions
    assert train.times[-1] + period == pytest.approx(train.runtime)
    assert len(train.times) == 1 or train.runtime <= 188e-6
    times = np.linspace(0, train.runtime * 0.999, 200)
    since = list(train.since(times, pulses=len(train.times)))
    for pulse in range(min(3, len(since))):
        wanted = np.stack([np.where(times >= start, times - start, np.inf) for start in train.times])
        nearest = np.sort(wanted, axis=0)[pulse]
        seen = np.where(since[pulse] >= 0, since[pulse], np.inf)
        border = (np.abs(times[:, None] - train.times) < 1e-9).any(axis=1)
        np.testing.assert_allclose(seen[~border], nearest[~border], atol=1e-12)
