"""Behaviours 3, 4 and 5: column ADC and membrane ADC."""

import warnings

import numpy as np
import pytest

from bss2_emulator import Chip, ChipConfig, ReadoutWarning

TRIALS = 12


@pytest.mark.parametrize(
    ("sink", "code", "user", "tolerance"), [(0, 0, -45, 9), (0, 1000, 100, 20), (1, 1000, -103, 20.4)]
)
def test_offset_current_drives_to_the_rails(sink, code, user, tolerance):
    config = ChipConfig(i_mem_offset=code, enable_mem_offset=code > 0, mem_offset_sink=sink, i_leak=95)
    run = Chip("rails", "calibrated").run_spiking(config, 6000, cadc_neurons=range(512))
    for samples in run.cadc:
        assert abs(samples.values[-5:].astype(float) - 128 - user).mean() < tolerance
        assert samples.values[-5:].mean() - 128 == pytest.approx(user, abs=tolerance / 2)


def test_rest_reads_its_target():
    run = Chip("rest", "ideal").run_spiking(ChipConfig(), 2000, cadc_neurons=range(512))
    assert all((samples.values == 80).all() for samples in run.cadc)
    run = Chip("rest", "calibrated").run_spiking(ChipConfig(), 2000, cadc_neurons=range(512))
    assert np.mean([samples.values.mean() for samples in run.cadc]) == pytest.approx(80, abs=3)


@pytest.mark.parametrize(("fidelity", "low", "high"), [("full", 7, 15), ("calibrated", 0.5, 4), ("ideal", 0, 0)])
def test_channels_differ(fidelity, low, high):
    config = ChipConfig(enable_cadc_debug=True, debug_voltage=310)
    codes = []
    for acausal in (False, True):
        run = Chip("channels", fidelity).run_spiking(config, 6000, cadc_neurons=range(512), cadc_acausal=acausal)
        codes.append([samples.values.mean(axis=0) for samples in run.cadc])
    assert low <= np.std(codes) <= high
    assert np.mean(codes) == pytest.approx(120, abs=12)  # 0.6 V


def test_transfer_of_the_debug_line():
    chip = Chip(fidelity="ideal")
    codes = []
    for code in range(70, 560, 60):
        run = chip.run_spiking(ChipConfig(enable_cadc_debug=True, debug_voltage=code), 500, cadc_neurons=[0])
        codes.append(int(run.cadc[0].values[0, 0]))
    assert codes == [20 + 25 * i for i in range(9)]  # capmem 70..550 is 20..220


def test_digital_offset_and_clipping():
    config = ChipConfig(enable_cadc_debug=True, debug_voltage=550)
    for offset, want in ((-128, 92), (10, 230), (127, 255)):
        run = Chip(fidelity="ideal").run_spiking(config.replace(cadc_offset=offset), 500, cadc_neurons=[300])
        assert (run.cadc[0].values == want).all()


@pytest.mark.parametrize(("columns", "dram", "period"), [(3, False, 1.75), (200, False, 2.0), (3, True, 6.0)])
def test_samples_come_at_the_cadence_of_the_memory(columns, dram, period):
    run = Chip("times").run_spiking(
        ChipConfig(), 12_500, batch_offsets=np.zeros(TRIALS + 1, int), cadc_neurons=range(columns), cadc_in_dram=dram
    )
    (samples,) = run.cadc
    starts = []
    for b in range(TRIALS):
        times = samples.times[samples.offsets[b] : samples.offsets[b + 1]]
        assert times.dtype == np.int64
        assert times[0] >= 0
        assert times[-1] < 12_500
        steps = np.diff(times) * 8e-3
        assert steps.mean() == pytest.approx(period, abs=0.01)
        assert np.ptp(steps) < 0.009
        assert times[0] * 8e-3 < period
        assert 12_500 * 8e-3 - times[-1] * 8e-3 <= period + 0.01
        starts.append(int(times[0]))
    assert len(set(starts)) > TRIALS // 2
    count = np.diff(samples.offsets)
    if not dram:
        assert ((count >= 40) & (count <= 60)).all()


def test_the_phase_is_uniform():
    run = Chip("phase").run_spiking(ChipConfig(), 250, batch_offsets=np.zeros(1001, int), cadc_neurons=[0, 256])
    first = [samples.times[samples.offsets[:-1]] / 218.75 for samples in run.cadc]
    for phases in first:
        assert abs(phases.mean() - 0.5) < 3.29 * np.sqrt(1 / 12 / 1000) + 0.5 / 218.75
    assert abs(np.corrcoef(first)[0, 1]) < 3.29 / np.sqrt(1000)


def test_the_buffer_caps_with_one_warning():
    with pytest.warns(ReadoutWarning, match="100 samples cover 170 us of a run of 300 us") as caught:
        run = Chip("cap").run_spiking(ChipConfig(), 37_500, cadc_neurons=[0, 300])
    assert len(caught) == 1
    assert all(96 <= len(samples.times) <= 100 for samples in run.cadc)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = Chip("cap").run_spiking(ChipConfig(), 37_500, cadc_neurons=[0], cadc_in_dram=True)
    assert len(run.cadc[0].times) == 50


def test_hemispheres_are_reported_top_first_in_the_order_asked():
    run = Chip().run_spiking(ChipConfig(), 500, cadc_neurons=[400, 3, 257, 1])
    assert [samples.neurons.tolist() for samples in run.cadc] == [[3, 1], [400, 257]]
    (only,) = Chip().run_spiking(ChipConfig(), 500, cadc_neurons=[400]).cadc
    assert only.neurons.tolist() == [400]
    assert Chip().run_spiking(ChipConfig(), 500).cadc == ()


def test_madc_samples_at_29_mhz():
    run = Chip("madc").run_spiking(ChipConfig(), 5000, batch_offsets=[0, 0, 0], madc_neuron=17)
    times = run.madc.times[: run.madc.offsets[1]]
    assert np.diff(times)[:8].tolist() == [4, 4, 4, 5] * 2
    assert np.diff(times).mean() == pytest.approx(4.25, abs=0.01)
    assert times[0] == 0
    assert 4995 <= times[-1] < 5000
    assert run.madc.values.dtype == np.uint16
    assert run.madc.values.max() < 1024
    assert run.madc.offsets.tolist() == [0, len(times), 2 * len(times)]


def test_madc_counts_about_three_for_one_of_the_cadc():
    reads = []
    for code in (560, 700):
        run = Chip(fidelity="ideal").run_spiking(ChipConfig(v_leak=code), 1000, cadc_neurons=[9], madc_neuron=9)
        reads.append((run.cadc[0].values.mean(), run.madc.values.mean()))
    (low_cadc, low), (high_cadc, high) = reads
    assert (high - low) / (high_cadc - low_cadc) == pytest.approx(3, abs=0.1)
    assert (high - low) / (700 - 560) == pytest.approx(0.79, abs=0.01)
