"""Reference: link, crossbar, background, drivers and sensors under load do what their plain twins say."""

import numpy as np
import pytest

from bss2_emulator import Chip, Imperfections
from bss2_emulator.reference.events.path import drivers
from bss2_emulator.reference.spiking.entry import run_entry
from bss2_emulator.reference.synram.correlation import sensors as read_sensors
from bss2_emulator.spiking.inputs import Recording, check_events
from bss2_emulator.synram.correlation import NOT_SEEN, labels_seen, sensors

RUNTIME = 450
QUIET = {"membrane_noise": False, "run_offset": False, "saturation": False, "cadc_noise": False}


def loaded(fuzzed, seed):
    """Random registers of everything that an event meets; many events meet at few buses."""
    rng = np.random.default_rng(seed + 50)
    config = fuzzed(seed)
    mask, target = np.array(config.crossbar_mask), np.array(config.crossbar_target)
    for i in range(0, 8, 2):
        mask[i, 8 + i % 4] = target[i, 8 + i % 4] = 0
    chosen = np.isin(np.arange(512), rng.choice(512, 50, replace=False))
    return config.replace(
        crossbar_mask=mask,
        crossbar_target=target,
        enable_threshold=chosen,
        enable_spike_output=chosen & (rng.random(512) < 0.8),
        enable_receiver=rng.random((2, 128)) < 0.8,
        enable_address_out=rng.random((2, 128)) < 0.8,
        enable_hagen_modulation=rng.random((2, 128)) < 0.3,
        hagen_dac_offset=rng.integers(0, 64, (2, 128)),
        dacen_pulse_extension=rng.integers(0, 5, (2, 4)) * (seed % 2),
        enable_stp=rng.random((2, 128)) < 0.4,
        stp_target=rng.integers(0, 2, (2, 128)),
        stp_utilization=rng.integers(0, 16, (2, 128)),
        stp_recovery=rng.integers(0, 16, (2, 128)),
        stp_offset=rng.integers(0, 16, (2, 128)),
        stp_recovery_clock=rng.integers(0, 6, 2),
        enable_stp_recovery=[True, seed != 2],
        i_stp_ramp=rng.integers(400, 1000, 4),
        v_stp=rng.integers(100, 300, 4),
        enable_background=rng.random(8) < 0.7,
        background_random=rng.random(8) < 0.5,
        background_period=rng.integers(0, 40, 8),
        background_rate=rng.integers(0, 256, 8),
        background_seed=rng.integers(0, 2**32, 8) * (np.arange(8) > 0),
        background_mask=rng.integers(0, 256, 8) & 0b11000011,
        background_label=rng.integers(0, 2**14, 8) & 0b11100011000011,
        correlation_time=rng.integers(0, 4, (2, 256, 256)),
        correlation_amplitude=rng.integers(0, 4, (2, 256, 256)),
        i_correlation_ramp=rng.integers(20, 200, 4),
        i_correlation_store=rng.integers(20, 700, 4),
        refractory_time=rng.integers(0, 8, 512),
    )


def bursts(seed, count):
    rng = np.random.default_rng(seed)
    times = np.sort(rng.integers(0, RUNTIME // 50, count) * 50)
    labels = rng.integers(0, 4, count) << 14 | rng.integers(0, 4, count) << 6 | rng.integers(0, 3, count)
    return sorted(zip(times.tolist(), labels.tolist(), strict=True))


@pytest.mark.parametrize(("seed", "loss"), [(0, True), (1, True), (2, True), (1, False)])
def test_a_loaded_chip_equals_its_twin(fuzzed, events, seed, loss):
    config, train = loaded(fuzzed, seed), bursts(seed, 700)
    rng = np.random.default_rng(seed)
    rows = rng.choice(512, 5, replace=False)
    chip = Chip(f"loaded-{seed}", imperfections=Imperfections(**QUIET, event_loss=loss), precision="double")
    flat = events([train])
    got = chip.run_spiking(config, RUNTIME, *flat, correlation_rows=rows, correlation_reset=100)
    recording = Recording(np.empty(0, np.int64), correlation_rows=rows)
    done = chip._spiking.integrate(
        chip.landed(config), RUNTIME, check_events(RUNTIME, *flat), recording, chip._noise(0), 1
    )
    want = run_entry(chip.landed(config), chip.silicon, RUNTIME, train, sorted(done.active.tolist()))

    assert len(want.linked) > 20
    assert list(zip(got.spike_times.tolist(), got.spike_neurons.tolist(), strict=True)) == want.linked
    back = [(t, event.input, event.label) for t, event in want.crossbar.returned if event.neuron < 0]
    labels = got.loopback_labels.astype(int)
    assert sorted(
        zip(got.loopback_times.tolist(), got.loopback_inputs.tolist(), (labels & 0x3FFF).tolist(), strict=True)
    ) == sorted(back)
    assert (labels >> 14 == got.loopback_inputs % 4).all()
    assert got.delivered.tolist() == [want.crossbar.delivered[i] for i in range(20)]
    assert got.dropped.tolist() == [want.crossbar.dropped[i] for i in range(20)]
    assert got.dropped_link[:4].sum() == want.unsent
    assert got.dropped_link[4:].tolist() == [want.crossbar.link_dropped[i] for i in range(4)]
    if loss:
        assert got.dropped[8:12].sum() > 10
        assert got.dropped_link.sum() > 10
    check_sensors(config, chip, rows, done, want, got.correlation[0])


def check_sensors(config, chip, rows, done, want, codes):
    """Compare all sensors of some columns with their twins."""
    amplitude, time = sensors(config, chip.silicon, rows)
    table = labels_seen(config, rows, done.page.routes)
    assert (table != NOT_SEEN).any()
    assert (codes > 0).sum() > 20
    for i, row in enumerate(rows.tolist()):
        hemisphere, r = divmod(row, 256)
        arrivals = [
            (cycle, event.label & (0x3F if config.enable_address_out[hemisphere, r // 2] else 0x20))
            for cycle, event in want.passed
            if cycle < RUNTIME and (hemisphere, r // 2) in drivers(config, event.input, event.label)
        ]
        if not config.row_mode[hemisphere, r]:
            arrivals = []
        for column in np.unique(np.concatenate((np.arange(0, 256, 16), np.flatnonzero(codes[i].any(axis=1))))).tolist():
            mine = [t for t, label in arrivals if label == config.label[hemisphere, r, column]]
            spikes = [t for t, n in want.spikes if n == 256 * hemisphere + column]
            law = read_sensors(mine, spikes, tuple(amplitude[i, :, column]), tuple(time[i, :, column]), 100)
            assert np.abs(np.subtract(law, codes[i, column].astype(int))).max() <= 1  # a half may round either way
