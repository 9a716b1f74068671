"""Neurons as integrators and synapse drivers are targets of their own; together they do what hagen calibration does."""

import numpy as np
import pytest

from hxtorch.core import open_session
from hxtorch.core.calibration import (
    HagenCalibTarget,
    HagenNeuronCalibTarget,
    SynapseDriverCalibTarget,
    calibrate,
    for_target,
    load,
    nominal_registers,
    path_for_target,
)
from hxtorch.core.errors import CalibrationError
from hxtorch.core.seam.configuration import ChipConfiguration
from hxtorch.core.seam.programs import MatrixProgram


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """Return a session and the two calibrations, neurons and drivers."""
    with pytest.MonkeyPatch.context() as patch, open_session(serial="emulated-2", fidelity="full") as session:
        patch.setenv("HXTORCH_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        neurons = for_target(session.connection, HagenNeuronCalibTarget())
        yield session, neurons, for_target(session.connection, SynapseDriverCalibTarget())


def products(session, configuration, weight, activations, num_sends=1):
    weights = np.full((activations.shape[1], 256), weight, np.int8)
    return session.run_matrix(MatrixProgram(configuration, weights, activations, num_sends)).values.astype(float)


def driver_spread(session, configuration):
    """Return by how much responses to single drivers differ, LSB; 100 times activation 3 is about 36."""
    single = np.zeros((128 * 10, 128), np.uint8)
    single[np.arange(1280), np.tile(np.arange(128), 10)] = 3
    return products(session, configuration, 63, single, 100).reshape(10, 128, 256).mean(axis=(0, 2)).std()


def test_drivers_agree_only_after_their_calibration(parts, truth):
    session, neurons, drivers = parts
    before = neurons.apply(ChipConfiguration())
    assert driver_spread(session, before) > 10
    assert driver_spread(session, drivers.apply(before)) < 4
    after = truth(session, drivers.registers).driver
    assert after.std() < 0.25 * truth(session, {}).driver.std()
    wrong = drivers.measured["driver_offset"] - after
    assert wrong.std() < 0.08
    assert abs(wrong).max() < 4 * 0.07  # of 256


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("hemisphere", [0, 1])
def test_both_together_meet_the_bars_of_products(parts, sign, hemisphere):
    session, neurons, drivers = parts
    activations = np.zeros((200, 256), np.uint8)
    activations[:, 128 * hemisphere : 128 * (hemisphere + 1)] = 15
    configuration = drivers.apply(neurons.apply(ChipConfiguration()))
    values = products(session, configuration, 12 * sign, activations)
    moved = products(session, configuration, 0, activations).mean(axis=0)  # by events, whatever their weights
    gain = (values.mean(axis=0) - moved) / (12 * sign * 15 * 128)
    here = slice(256 * hemisphere, 256 * (hemisphere + 1))
    good = neurons.success[here]
    assert good.mean() >= 0.95
    assert (np.abs(gain[good] / 0.002 - 1) < 0.25).all()
    assert gain[good].std() / gain.mean() < 0.05
    silent = products(session, neurons.apply(ChipConfiguration()), 0, np.zeros((200, 256), np.uint8)).var(axis=0) / 2
    noise = np.sqrt(values.var(axis=0) - silent)  # of two tiles, one is silent
    assert noise.mean() < 2 * 2.0
    assert noise.mean() == pytest.approx(neurons.measured["noise"][here].mean(), rel=0.03)


def test_together_they_set_what_hagen_calibration_sets(parts):
    _, neurons, drivers = parts
    both = set(neurons.registers) | set(drivers.registers)
    assert both - {"stp_offset"} == set(nominal_registers(HagenCalibTarget()))
    assert set(drivers.registers) == {"hagen_dac_offset", "stp_offset"}
    assert (drivers.registers["stp_offset"] == 7).all()
    assert not neurons.registers["enable_leak"].any()
    np.testing.assert_array_equal(drivers.success, neurons.success)


def test_neurons_that_are_noisier_than_wanted_fail():
    with open_session(serial="emulated-2", fidelity="full") as session:
        found = calibrate(session.connection, HagenNeuronCalibTarget(target_noise=1.8))
        noisy = found.measured["noise"] > 1.8
        assert 0.2 < noisy.mean() < 0.8
        assert not found.success[noisy].any()
        assert found.success[~noisy].mean() > 0.95
        with pytest.warns(match="target_noise"):
            quiet = HagenNeuronCalibTarget(target_noise=0.5)
        with pytest.raises(CalibrationError, match="none of 512"):
            calibrate(session.connection, quiet)


def test_other_test_points_find_the_same_offsets(parts, truth):
    session, _, _ = parts
    other = SynapseDriverCalibTarget(limit=0.4, test_activation=8, stp_offset=3)
    found = calibrate(session.connection, other)
    assert truth(session, found.registers).driver.std() < 0.25 * truth(session, {}).driver.std()
    assert (found.registers["stp_offset"] == 3).all()


@pytest.mark.parametrize("target", [HagenNeuronCalibTarget(), SynapseDriverCalibTarget()])
def test_they_are_stored_for_each_chip_and_target(target, tmp_path, monkeypatch):
    monkeypatch.setenv("HXTORCH_CACHE_DIR", str(tmp_path))
    with open_session(fidelity="ideal") as session:
        stored = load(path_for_target(session.connection, target))
        assert (stored.target, stored.kind) == (target, target.kind)
        values = products(session, stored.apply(ChipConfiguration()), 21, np.full((2, 100), 15, np.uint8))
    for name, codes in nominal_registers(target).items():
        np.testing.assert_array_equal(stored.registers[name], codes)
    assert values.shape == (2, 256)
