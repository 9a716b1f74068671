"""Calibration of matrix products meets its bars on raw silicon; tests/core/fidelity has five chips."""

import numpy as np
import pytest

from hxtorch.core import open_session
from hxtorch.core.calibration import HagenCalibTarget, calibrate, nominal_registers
from hxtorch.core.seam.configuration import ChipConfiguration
from hxtorch.core.seam.programs import MatrixProgram


@pytest.fixture(scope="module")
def calibrated():
    with open_session(serial="emulated-2", fidelity="full") as session:
        yield session, calibrate(session.connection, HagenCalibTarget())


def products(session, calibration, weight, activations, num_sends=1):
    configuration = calibration.apply(ChipConfiguration())
    weights = np.full((activations.shape[1], 256), weight, np.int8)
    return session.run_matrix(MatrixProgram(configuration, weights, activations, num_sends)).values.astype(float)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("hemisphere", [0, 1])
def test_gain_and_noise(calibrated, sign, hemisphere):
    activations = np.zeros((200, 256), np.uint8)
    activations[:, 128 * hemisphere : 128 * (hemisphere + 1)] = 15
    values = products(*calibrated, 12 * sign, activations)
    moved = products(*calibrated, 0, activations).mean(axis=0)  # by events, whatever their weights
    gain = (values.mean(axis=0) - moved) / (12 * sign * 15 * 128)
    good = calibrated[1].success[256 * hemisphere : 256 * (hemisphere + 1)]
    assert good.mean() >= 0.95
    assert (np.abs(gain[good] / 0.002 - 1) < 0.25).all()
    assert gain[good].std() / gain.mean() < 0.05
    assert values.std(axis=0).mean() / np.sqrt(2) < 2 * 2.0  # two tiles


def test_the_published_product(calibrated):
    values = products(*calibrated, 21, np.full((50, 100), 15, np.uint8))
    assert values.mean() == pytest.approx(58.6, abs=3)


def test_drivers_agree(calibrated, truth):
    session, calibration = calibrated
    single = np.zeros((128 * 10, 128), np.uint8)
    single[np.arange(1280), np.tile(np.arange(128), 10)] = 3
    response = products(session, calibration, 63, single, num_sends=100).reshape(10, 128, 256).mean(axis=(0, 2))
    assert response.std() < 4
    after, before = truth(session, calibration.registers).driver, truth(session, {}).driver
    assert after.std() < 0.25 * before.std()
    assert after.mean() == pytest.approx(0, abs=0.05)


def test_the_baseline_is_on_target(calibrated, truth):
    session, calibration = calibrated
    adc = {"volts_per_lsb": 3.28125e-3, "volts_at_zero": 0.3 - 20 * 3.28125e-3}
    # a product is read too soon for the offset currents of the synaptic inputs to matter
    silent = {"enable_synin_exc": False, "enable_synin_inh": False}
    real = truth(session, {**calibration.registers, **silent}, **adc)
    before = truth(session, {**nominal_registers(calibration.target), **silent}, **adc)
    assert real.leak.mean() == pytest.approx(120, abs=0.5)
    assert real.leak.std() <= 0.3 * before.leak.std()
    assert real.tau_mem.mean() == pytest.approx(60e-6, rel=0.03)
    assert real.tau_syn.mean() == pytest.approx(0.32e-6, rel=0.05)
    assert not calibration.registers["enable_leak"].any()


@pytest.mark.parametrize("hemisphere", [0, 1])
def test_every_column_saturates_only_at_the_end_of_the_range(calibrated, hemisphere):
    """Behaviour 6 of the chip facts' section 9: y(63 * 31 * many) >= 125."""
    activations = np.zeros((51, 256), np.uint8)
    activations[:, 128 * hemisphere : 128 * (hemisphere + 1)] = 31
    session, calibration = calibrated
    configuration = calibration.apply(ChipConfiguration())
    weights = np.zeros((256, 256), np.int8)
    weights[128 * hemisphere : 128 * (hemisphere + 1)] = 63
    values = session.run_matrix(MatrixProgram(configuration, weights, activations, 4)).values
    # the silent tile of the other hemisphere adds its noise, in half of the entries downwards
    good = calibration.success[256 * hemisphere : 256 * (hemisphere + 1)]
    assert np.median(values, axis=0)[good].min() >= 125
