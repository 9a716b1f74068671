"""Short-term plasticity: drivers facilitate and depress, recover, differ, and can be made equal (facts 2.3, 7.1)."""

import numpy as np
import pytest

from bss2_emulator import Chip, ChipConfig, Imperfections
from bss2_emulator.facts.constants import CYCLE, STP_LSB
from bss2_emulator.reference.synram.stp import Driver
from bss2_emulator.silicon.noise import RunNoise
from bss2_emulator.silicon.serial import Silicon
from bss2_emulator.spiking.inputs import Recording, check_events
from bss2_emulator.synram.stp import driver_laws, recovery_time

NOMINAL = Silicon("nominal", "ideal")
FAST = {"i_leak": 1000, "i_synin_exc_tau": 1000, "leak_multiply": True}  # at rest again after 1200 cycles


def volts(config, times, labels, chip=None):
    """What neuron 11 does just after each event, V over its rest; times are multiples of 8 cycles."""
    chip = chip or Chip(fidelity="ideal", precision="double")
    runtime = int(times[-1]) + 1000
    batch = check_events(runtime, times, labels, [0, len(times)])
    recording = Recording(np.empty(0, np.int64), madc_neuron=11)
    trace = chip._spiking.integrate(chip.landed(config), runtime, batch, recording, RunNoise.of("stp", 0, 0), 1).trace[
        0
    ]
    return trace[np.asarray(times) // 8 + 4] - trace[0]


def heights(network, registers, times, chip=None):
    config = network([[40]], [11], **FAST, **registers)
    return volts(config, times, np.zeros(len(times), int), chip)


def test_the_default_sets_facilitate_and_depress(network):
    times = np.arange(8) * 1248  # 10 us
    slow = {"stp_recovery_clock": 12}
    none = heights(network, slow, times)
    assert np.ptp(none) < 1e-6 * none[0]
    up = heights(network, {"enable_stp": True, "stp_target": 0, **slow}, times)
    down = heights(network, {"enable_stp": True, "stp_target": 1, **slow}, times)
    assert (np.diff(up) > 0).all()
    assert (np.diff(down) < 0).all()
    assert up[0] / none[0] == pytest.approx(0.3, rel=1e-5)
    assert down[0] / none[0] == pytest.approx(1.0, rel=1e-5)


@pytest.mark.parametrize("target", [0, 1])
def test_amplitudes_are_those_of_the_twin(network, target):
    rng = np.random.default_rng(target)
    times = np.cumsum(rng.integers(150, 500, 12)) * 8
    registers = {
        "enable_stp": True, "stp_target": target, "stp_utilization": 8, "stp_recovery": 9, "stp_recovery_clock": 8,
        "stp_offset": 5,
    }  # fmt: skip
    driver = Driver(ChipConfig(**registers), 0, 0, NOMINAL)
    want = np.array([driver.event(int(t)) for t in times])
    assert np.ptp(want) > 0.1
    got = heights(network, registers, times) / heights(network, {}, times)
    np.testing.assert_allclose(got, want, rtol=1e-5)


def test_the_twin_recovers_exponentially():
    config = ChipConfig(enable_stp=True, stp_target=1, stp_utilization=15)
    assert recovery_time(config, NOMINAL)[0] * CYCLE == pytest.approx(32 * 8e-9 * 256 / 5)
    tau = recovery_time(config, NOMINAL)[0]
    lost = []
    for wait in (1, tau, 2 * tau, 5 * tau):
        driver = Driver(config, 0, 0, NOMINAL)
        first = driver.event(0)
        lost.append(first - driver.event(round(wait)))
    np.testing.assert_allclose(np.divide(lost[1:], lost[0]), np.exp([-1, -2, -5]), rtol=2e-3)


def test_without_recovery_a_driver_stays_where_it_is(network):
    times = np.array([104, 200_000])
    for off in ({"enable_stp_recovery": False}, {"stp_recovery": 0}):
        got = heights(network, {"enable_stp": True, "stp_target": 1, "stp_utilization": 15, **off}, times)
        assert got[1] < 0.8 * got[0]
    whole = heights(network, {"enable_stp": True, "stp_target": 1, "stp_utilization": 15}, times)
    assert whole[1] == pytest.approx(whole[0], rel=1e-5)


def test_every_run_starts_recovered(network):
    chip = Chip(fidelity="ideal")
    config = {"enable_stp": True, "stp_target": 1, "enable_stp_recovery": False}
    first, second = (heights(network, config, np.array([104, 1504]), chip=chip) for _ in range(2))
    assert np.array_equal(first, second)


def test_drivers_of_one_event_have_their_own_state(network):
    """Driver 0 hears every event, driver 4 every second one."""
    registers = {"enable_stp": True, "stp_target": 1, "enable_stp_recovery": False}
    config = ChipConfig(**registers)
    first, second = Driver(config, 0, 0, NOMINAL), Driver(config, 0, 4, NOMINAL)
    weights = np.zeros((5, 1), int)
    weights[0], weights[4] = 20, 40
    row_select_mask = np.full((2, 128), 31)
    row_select_mask[:, 0] = 0b11110  # position 0 also hears position 1
    times, positions = np.arange(6) * 1200, np.arange(6) % 2
    got = volts(network(weights, [11], **FAST, **registers, row_select_mask=row_select_mask), times, positions << 6)
    law = [
        20 * first.event(int(t)) + (40 * second.event(int(t)) if p else 0)
        for t, p in zip(times, positions, strict=True)
    ]
    np.testing.assert_allclose(got / got[0], np.divide(law, law[0]), rtol=1e-5)


@pytest.mark.parametrize(("fidelity", "low", "high"), [("full", 3.0, 5.0), ("calibrated", 0.3, 0.5), ("ideal", 0, 0)])
def test_drivers_differ(fidelity, low, high):
    amplitude = np.concatenate([Chip(f"stp-{i}", fidelity).silicon.stp_amplitude.ravel() for i in range(4)]) / STP_LSB
    assert low <= amplitude.std() <= high
    assert np.ptp(amplitude) < 32
    assert not Chip("stp-0", imperfections=Imperfections(stp_amplitude=False)).silicon.stp_amplitude.any()


@pytest.mark.parametrize("serial", ["offset-a", "offset-b"])
def test_the_offset_makes_drivers_equal(serial):
    """Codes that bring each driver closest to the mean leave less than 2 LSB (std over a block)."""
    chip = Chip(serial)
    config = ChipConfig(enable_stp=True, stp_target=1)

    def first(offset):
        zero, slope, _, _, recover = driver_laws(config.replace(stp_offset=offset), chip.silicon)
        return (zero - slope * recover).reshape(2, 128)

    before = first(7)
    codes = np.arange(16)
    errors = np.array([np.abs(first(int(code)) - before.mean()) for code in codes])
    best = first(errors.argmin(axis=0))
    assert before.std(axis=1).min() / STP_LSB > 3
    assert best.std(axis=1).max() / STP_LSB < 2


def test_plasticity_of_one_driver_leaves_the_others_alone(network, slow):
    rng = np.random.default_rng(0)
    config = network(rng.integers(-30, 60, (8, 3)), [1, 2, 300], **slow)
    times, labels = np.arange(40) * 50, (np.arange(40) % 7 % 4) << 14 | (np.arange(40) % 7 // 4) << 6
    one = np.zeros((2, 128), bool)
    one[:, 7] = True  # no event selects it
    chip = Chip("alone")
    runs = []
    for registers in ({}, {"enable_stp": one}):
        chip.run_counter = 0
        runs.append(chip.run_spiking(config.replace(**registers), 3000, times, labels, [0, 40], madc_neuron=2))
    assert np.array_equal(runs[0].madc.values, runs[1].madc.values)
