"""Behaviours 3, 4 and 5: column ADC and membrane ADC."""

import warnings

import numpy as np
import pytest

from bss2_emulator import Chip, ChipConfig, ReadoutWarning, RunError

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


@pytest.mark.parametrize(("fidelity", "low", "high"), [("full", 7, 13), ("calibrated", 0.5, 3), ("ideal", 0, 0)])
def test_channels_differ(fidelity, low, high):
    """Where membranes rest, on every one of some chips: limits of behaviour 3."""
    config = ChipConfig(enable_cadc_debug=True, debug_voltage=214)
    for serial in range(12):
        codes = []
        for acausal in (False, True):
            chip = Chip(f"channels-{serial}", fidelity)
            run = chip.run_spiking(config, 2000, cadc_neurons=range(512), cadc_acausal=acausal)
            codes.append([samples.values.mean(axis=0) for samples in run.cadc])
        assert low <= np.std(codes) <= high
        assert np.mean(codes) == pytest.approx(80, abs=8)  # 0.42 V


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


def test_the_buffer_that_is_full_first_is_told():
    """A hemisphere with few columns is read faster, so that its 100 samples end earlier."""
    with pytest.warns(ReadoutWarning, match="100 samples cover 170 us of a run of 180 us") as caught:
        run = Chip("cap").run_spiking(ChipConfig(), 22_500, cadc_neurons=[*range(200), *range(256, 266)])
    assert len(caught) == 1
    many, few = run.cadc
    assert many.times[-1] > 22_000 > 21_300 > few.times[-1]


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


def test_two_runs_sample_at_other_instants():
    """Behaviour 4: there is no common clock phase; a period is never shorter than 1 us nor longer than promised."""
    chip = Chip("phases")
    starts, periods = set(), {}
    for columns, dram in ((4, False), (256, False), (4, True)):
        for _ in range(6):
            (samples,) = chip.run_spiking(ChipConfig(), 12_500, cadc_neurons=range(columns), cadc_in_dram=dram).cadc
            starts.add(int(samples.times[0]))
            periods.setdefault((columns, dram), []).extend(np.diff(samples.times) * 8e-3)
            assert samples.times.min() >= 0
            assert samples.times.max() < 12_500
    assert len(starts) > 12
    for (_, dram), steps in periods.items():
        assert min(steps) > 1.0
        assert max(steps) <= (7.0 if dram else 2.5)


def test_all_columns_of_a_hemisphere_are_sampled_at_one_instant():
    """Behaviour 4: of membranes that move together, none is seen earlier than another."""
    config = ChipConfig(i_mem_offset=1000, enable_mem_offset=True, i_leak=95)
    run = Chip("instant", "ideal").run_spiking(config.replace(v_leak=400), 600, cadc_neurons=range(256))
    assert np.ptp(run.cadc[0].values.astype(int), axis=1).max() == 0


def test_the_buffer_starts_anew_with_each_batch_entry():
    """Behaviour 4: 100 samples of each entry, those before the run included."""
    with pytest.warns(ReadoutWarning, match="100 samples"):
        run = Chip("again").run_spiking(ChipConfig(), 37_500, batch_offsets=[0, 0, 0, 0], cadc_neurons=[0])
    counts = np.diff(run.cadc[0].offsets)
    assert ((counts >= 96) & (counts <= 100)).all()


def test_causal_and_acausal_channels_read_one_membrane():
    """Two channels see the same voltage through offsets of their own."""
    reads = [
        Chip("both", "full").run_spiking(ChipConfig(), 6000, cadc_neurons=range(256), cadc_acausal=acausal)
        for acausal in (False, True)
    ]
    means = [run.cadc[0].values.astype(float).mean(axis=0) for run in reads]
    assert np.abs(means[0] - means[1]).mean() > 5
    ideal = [
        Chip("both", "ideal").run_spiking(ChipConfig(), 600, cadc_neurons=range(256), cadc_acausal=acausal)
        for acausal in (False, True)
    ]
    assert np.array_equal(ideal[0].cadc[0].values, ideal[1].cadc[0].values)


def test_the_madc_records_one_neuron():
    """Behaviour 5."""
    with pytest.raises(RunError, match="the membrane ADC records no more"):
        Chip().run_spiking(ChipConfig(), 100, madc_neuron=[1, 2])


def test_the_madc_covers_the_run_from_its_first_sample():
    """Behaviour 5: it is switched on early enough that the samples of its first 8 us are not among those of the run."""
    chip = Chip("settled", "calibrated")
    run = chip.run_spiking(ChipConfig(), 5000, madc_neuron=3)
    early, late = run.madc.values[:100].astype(float), run.madc.values[-100:].astype(float)
    assert run.madc.times[0] == 0
    assert abs(early.mean() - late.mean()) < 12  # of the membrane's own noise, 3 LSB with a correlation of 6 us
    assert run.madc.values.min() >= 0
    assert run.madc.values.max() <= 1023
