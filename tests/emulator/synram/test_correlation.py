"""Correlation sensors: exponential, nearest neighbours, saturating, resettable, different (facts 6.2, 7.1, 8)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bss2_emulator import Chip, ChipConfig, Imperfections, RunError
from bss2_emulator._kernels.synram.correlation import NOT_SEEN, correlate
from bss2_emulator.reference.synram.correlation import sensors as law
from bss2_emulator.synram.correlation import sensors


def read(events, spikes, amplitude=(0.5, 0.5), tau=(5e-6, 5e-6), reset=0, column=3):
    """One synapse, kernel."""
    codes = np.zeros((1, 1, 256, 2), np.uint8)
    correlate(
        np.array(events, np.int64), np.zeros(len(events), np.int32), np.array([0, len(events)]),
        np.array(spikes, np.int64), np.full(len(spikes), column, np.int32), np.array([0, len(spikes)]),
        np.array([[7]], np.uint8), np.full((1, 256), 7, np.uint8),
        np.repeat(np.array(amplitude, np.float32)[:, None], 256, axis=1)[None],
        np.repeat(np.array([8e-9 / t for t in tau], np.float32)[:, None], 256, axis=1)[None],
        np.zeros(1, np.int32), reset, 0.0, 0, np.zeros(1, np.uint32), 0, 0, codes, 1,
    )  # fmt: skip
    assert not np.delete(codes[0, 0], column, axis=0).any()  # other columns did not fire
    return tuple(codes[0, 0, column].tolist())


@settings(max_examples=200)
@given(
    events=st.lists(st.integers(0, 5000), max_size=40), spikes=st.lists(st.integers(0, 5000), max_size=40),
    tau=st.tuples(st.floats(2e-6, 30e-6), st.floats(2e-6, 30e-6)), amplitude=st.floats(0.2, 20),
    reset=st.integers(0, 5000),
)  # fmt: skip
def test_kernel_equals_twin(events, spikes, tau, amplitude, reset):
    events, spikes = sorted(set(events)), sorted(set(spikes))
    got = read(events, spikes, (amplitude, amplitude / 2), tau, reset)
    want = law(events, spikes, (amplitude, amplitude / 2), tau, reset)
    assert max(abs(a - b) for a, b in zip(got, want, strict=True)) <= 1  # a half may round either way


def test_one_pair_is_an_exponential():
    for wait in (0, 125, 625, 2500):
        causal, acausal = read([100], [100 + wait], (200, 200))
        assert causal == round(200 * np.exp(-wait * 8e-9 / 5e-6))
        assert acausal == 0
        causal, acausal = read([101 + wait], [100], (200, 200))
        assert acausal == round(200 * np.exp(-(wait + 1) * 8e-9 / 5e-6))
        assert causal == 0


def test_only_the_nearest_neighbour_counts():
    assert read([0, 50, 100], [100], (100, 100))[0] == 100
    assert read([200], [0, 50, 200], (100, 100))[1] == round(100 * np.exp(-150 * 8e-9 / 5e-6))


def test_codes_saturate():
    pairs = np.arange(0, 40_000, 40)
    assert read(pairs, pairs + 1, (0.5, 0.5)) == (255, 255)


def test_long_pauses_are_no_coincidence():
    assert read([5, 2**32 - 1], [4, 2**32 - 2], (200, 200))[1] > 0
    assert read([0], [2**32 - 1], (200, 200)) == (0, 0)
    assert read([2**31], [5], (200, 200)) == (0, 0)


def test_a_network_feels_causes_and_effects(network, slow):
    """An input that makes its neuron fire is causal; one that comes after the spike is acausal."""
    config = network([[63], [0]], [9], spiking=True, **slow)
    config = config.replace(
        v_threshold=300, i_correlation_store=700, row_mode=np.where(np.arange(256) % 2, 1, 2)[None].repeat(2, 0),
        refractory_time=255, refractory_clock_fast=4,
    )  # fmt: skip
    first = np.arange(20) * 5000 + 100
    chip = Chip(fidelity="ideal")
    burst = np.sort(np.concatenate([first + k for k in range(8)]))
    cause = chip.run_spiking(config, 110_000, burst, np.zeros(len(burst), int), [0, len(burst)])
    assert len(cause.spike_times) == 20
    late = cause.spike_times + 60
    times = np.concatenate((burst, late))
    labels = np.concatenate((np.zeros(len(burst), int), np.full(len(late), 1 << 14)))
    order = np.argsort(times, kind="stable")
    run = chip.run_spiking(config, 110_000, times[order], labels[order], [0, len(times)], correlation_rows=[1, 3, 257])
    assert run.correlation.shape == (1, 3, 256, 2)
    assert run.correlation.dtype == np.uint8
    causing, following, elsewhere = run.correlation[0, :, 9].astype(int)
    assert causing[0] > 3 * causing[1]
    assert following[1] > 40 > following[0]
    assert not elsewhere.any()
    assert not np.delete(run.correlation, 9, axis=2).any()
    assert np.array_equal(run.spike_times, cause.spike_times)
    reset = chip.run_spiking(
        config, 110_000, times[order], labels[order], [0, len(times)], correlation_rows=[3], correlation_reset=50_000
    )
    assert reset.correlation[0, 0, 9, 1] == pytest.approx(following[1] / 2, abs=1)
    assert chip.run_spiking(config, 100).correlation is None


def test_registers_and_trims_scale_time_and_amplitude():
    silicon = Chip(fidelity="ideal").silicon
    rows = np.array([0, 300])
    amplitude, time = sensors(ChipConfig(), silicon, rows)
    np.testing.assert_allclose(amplitude, 0.5)
    np.testing.assert_allclose(time, 5e-6)
    biases = ChipConfig(i_correlation_ramp=[90, 90, 225, 15], i_correlation_store=[28, 70, 70, 280])
    amplitude, time = sensors(biases, silicon, rows)
    np.testing.assert_allclose(time[:, 0, [0, 255]], [[5e-6, 5e-6], [2e-6, 30e-6]])
    np.testing.assert_allclose(amplitude[:, 1, [0, 255]], [[0.2, 0.5], [0.5, 2.0]])
    trims = ChipConfig(correlation_time=2, correlation_amplitude=np.full((2, 256, 256), 3))
    amplitude, time = sensors(trims, silicon, rows)
    np.testing.assert_allclose(time, 10e-6)
    np.testing.assert_allclose(amplitude, 1.25)


@pytest.mark.parametrize("fidelity", ["full", "calibrated"])
def test_sensors_differ_within_a_factor_of_two(fidelity):
    """30th to 70th percentile within a factor of 2 of amplitude 0.5 and 5 us (facts 6.2)."""
    for serial in ("sensor-a", "sensor-b"):
        amplitude, time = sensors(ChipConfig(), Chip(serial, fidelity).silicon, np.arange(0, 512, 16))
        for values, target in ((amplitude, 0.5), (time, 5e-6)):
            low, high = np.percentile(values, [30, 70])
            assert target / 2 < low < target < high < 2 * target
            assert np.log(values).std() > 0.2
        assert abs(np.corrcoef(amplitude[:, 0].ravel(), amplitude[:, 1].ravel())[0, 1]) < 0.05
    even, same = sensors(ChipConfig(), Chip("x", imperfections=Imperfections(correlation=False)).silicon, np.array([5]))
    assert np.ptp(even) == np.ptp(same) == 0


@pytest.mark.parametrize(
    ("rows", "reset", "message"),
    [
        ([512], 0, "got 512 to 512, wanted"),
        ([-1], 0, "wanted 256"),
        ([3, 3], 0, "got row 3 twice"),
        ([0.5], 0, "wanted a flat array of rows"),
        ([[1]], 0, "wanted a flat array of rows"),
        ([1], 100, "correlation_reset: got 100, wanted a cycle of the run, 0 to 99"),
        ([1], 0.5, "correlation_reset: got 0.5"),
    ],
)
def test_bad_rows_are_refused(rows, reset, message):
    with pytest.raises(RunError, match=message):
        Chip().run_spiking(ChipConfig(), 100, correlation_rows=rows, correlation_reset=reset)


def test_rows_that_nothing_reaches_show_nothing():
    assert NOT_SEEN == 255
    chip = Chip(imperfections=Imperfections(cadc_noise=False))
    run = chip.run_spiking(ChipConfig(), 100, correlation_rows=[7, 511], batch_offsets=[0, 0, 0])
    assert run.correlation.shape == (2, 2, 256, 2)
    assert not run.correlation.any()


def coincidences(**switches):
    """All columns of a hemisphere fire with each of forty events: codes near 100."""
    config = ChipConfig(
        label=0, weight=63, row_mode=1, enable_bypass_exc=True, enable_threshold=True, i_correlation_store=350,
        crossbar_mask=0, crossbar_target=np.where(np.arange(240).reshape(20, 12) == 8 * 12, 0, 0x3FFF),
        refractory_time=0,
    )  # fmt: skip
    chip = Chip("sensors", seed=4, imperfections=Imperfections(correlation=False, **switches))
    times = np.tile(np.arange(40) * 2000 + 10, 2)

    def run(rows=(0, 1), batch=2, first_entry=0, threads=1):
        chip.threads = threads
        part = slice(0, 40 * batch)
        offsets = np.arange(batch + 1) * 40
        labels = np.zeros(40 * batch, int)
        result = chip.run_spiking(
            config, 80_000, times[part], labels, offsets, correlation_rows=rows, first_entry=first_entry
        )
        return result.correlation[:, :, :, 0].astype(int)

    return chip, run


def test_sensors_are_read_with_the_noise_of_the_column_adc():
    _, quiet = coincidences(cadc_noise=False)
    _, noisy = coincidences()
    exact, first, second = quiet(), noisy(), noisy()
    assert np.ptp(exact) == 0
    assert 80 < exact.max() < 150
    off = (first - exact).ravel()
    assert len(off) == 1024
    assert off.std() == pytest.approx(np.hypot(0.6, 12**-0.5), rel=0.075)  # 99.9 %; rounding included
    assert abs(off.mean()) < 3.3 * 0.67 / np.sqrt(len(off))
    assert abs(np.corrcoef(off, (second - exact).ravel())[0, 1]) < 0.11
    assert abs(np.corrcoef(first[0, 0], first[0, 1])[0, 1]) < 0.2
    assert abs(np.corrcoef(first[0, 0], first[1, 0])[0, 1]) < 0.2


def test_the_noise_of_a_sensor_depends_on_seed_run_entry_and_place_alone():
    chip, run = coincidences()
    whole = run()
    for rows in ((1, 0), (1,)):
        chip.run_counter = 0
        np.testing.assert_array_equal(run(rows, threads=3), whole[:, list(rows)])
    chip.run_counter = 0
    np.testing.assert_array_equal(run(batch=1, first_entry=1), whole[1:])


def test_codes_stay_in_range_when_they_are_read():
    run = Chip().run_spiking(ChipConfig(), 100, correlation_rows=np.arange(20))
    assert run.correlation.dtype == np.uint8
    assert 2 <= run.correlation.max() <= 4  # of 10 240 numbers with a deviation of 0.6
    assert (run.correlation == 0).mean() == pytest.approx(0.798, abs=0.02)
