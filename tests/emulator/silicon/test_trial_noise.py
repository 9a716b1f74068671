"""Behaviours 2 and 15: what differs from trial to trial."""

import numpy as np
import pytest

from bss2_emulator import Chip, ChipConfig, Imperfections

TRIALS = 200
BATCH = np.zeros(TRIALS + 1, int)


def last_samples(run):
    return np.concatenate([s.values[s.offsets[1:] - 1].astype(float) for s in run.cadc], axis=1)


def test_reads_of_a_resting_membrane_scatter():
    run = Chip("noise", "calibrated").run_spiking(ChipConfig(), 1000, batch_offsets=BATCH, cadc_neurons=range(512))
    spread = last_samples(run).std(axis=0, ddof=1)
    assert ((spread > 0.8) & (spread < 2.4)).mean() > 0.99
    assert 1.2 < np.median(spread) < 2.0


@pytest.mark.parametrize(
    ("alone", "low", "high"), [("cadc_noise", 1.1, 1.4), ("membrane_noise", 0.9, 1.2), ("run_offset", 0.6, 0.9)]
)
def test_each_kind_of_noise_has_its_size(alone, low, high):
    noise = dict.fromkeys(("membrane_noise", "run_offset", "cadc_noise", "cadc_jitter"), False)
    chip = Chip("noise", imperfections=Imperfections(**{**noise, alone: True}))
    run = chip.run_spiking(ChipConfig(), 1000, batch_offsets=BATCH, cadc_neurons=range(512))
    assert low < np.median(last_samples(run).std(axis=0, ddof=1)) < high


def test_membrane_noise_has_the_bandwidth_of_the_membrane():
    noise = Imperfections(run_offset=False, cadc_noise=False)
    for code, want in ((950, 0.174), (95, 0.84)):  # tau_mem 1 and 10 us, samples 1.75 us apart
        run = Chip("noise", imperfections=noise).run_spiking(
            ChipConfig(i_leak=code), 20_000, batch_offsets=np.zeros(21, int), cadc_neurons=range(60)
        )
        values = run.cadc[0].values.astype(float)
        values -= values.mean(axis=0)
        variance = (values**2).mean() - 1 / 12
        assert (values[1:] * values[:-1]).mean() / variance == pytest.approx(want, abs=0.08)
        assert np.sqrt(variance) == pytest.approx(1, abs=0.08)


def test_madc_noise():
    def spread(**switches):
        chip = Chip("noise", imperfections=Imperfections(run_offset=False, **switches))
        return chip.run_spiking(ChipConfig(), 20_000, madc_neuron=3).madc.values.std()

    assert spread(membrane_noise=False) < 2
    assert 2 < spread() < 4


def test_noise_is_not_the_mismatch_of_another_neuron():
    run = Chip("noise").run_spiking(ChipConfig(), 1000, batch_offsets=BATCH, cadc_neurons=range(256))
    values = last_samples(run)
    correlation = np.corrcoef(values.T)[np.triu_indices(256, 1)]
    assert abs(correlation).max() < 0.4
    assert correlation.std() == pytest.approx(1 / np.sqrt(TRIALS), rel=0.05)


def test_spike_times_jitter(network, events, label):
    weights = np.full((4, 1), 63)
    steep = network(weights, [50], spiking=True, i_synapse_dac_bias=1000, v_threshold=300)
    train = [(1000, label(s)) for s in range(4)]
    run = Chip("jitter", "calibrated").run_spiking(steep, 4000, *events([train] * TRIALS))
    first = run.spike_times[run.spike_offsets[:-1]]
    assert (np.diff(run.spike_offsets) > 0).all()
    assert run.spike_times.dtype == np.int64
    assert ((first > 1000) & (first < 1500)).all()
    assert 5e-9 < first.std() * 8e-9 < 100e-9
    shallow = steep.replace(v_threshold=385)
    later = Chip("jitter", "calibrated").run_spiking(shallow, 4000, *events([train] * TRIALS))
    assert later.spike_times[later.spike_offsets[:-1]].std() > 1.5 * first.std()


def test_firing_rates_are_reproducible(network, slow):
    """Of so many neurons and entries that offsets from run to run leave 0.9 % of standard deviation."""
    config = network(np.zeros((0, 256)), range(256), spiking=True, v_leak=900, **slow)
    run = Chip("rate", "calibrated").run_spiking(config, 50_000, batch_offsets=np.zeros(5, int))
    counts = np.diff(run.spike_offsets).reshape(2, 2).sum(axis=1)
    assert counts[0] == pytest.approx(counts[1], rel=0.03)
    assert not np.array_equal(run.spike_times[: counts[0]][:200], run.spike_times[counts[0] :][:200])
