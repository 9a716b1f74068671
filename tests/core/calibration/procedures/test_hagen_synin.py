"""Calibration of matrix products that are read from the synaptic lines, on raw silicon."""

import dataclasses

import numpy as np
import pytest

from hxtorch.core import open_session
from hxtorch.core.calibration import (
    HagenCalibTarget,
    HagenSyninCalibTarget,
    SpikingCalibTarget,
    calibrate,
    load,
    nominal_calibration,
    nominal_registers,
    preset,
)
from hxtorch.core.calibration.check import still_holds
from hxtorch.core.calibration.stored.paths import shipped_path
from hxtorch.core.errors import CalibrationSerialError, CalibrationTargetError
from hxtorch.core.seam.configuration import ChipConfiguration
from hxtorch.core.seam.programs import InputEvents, MatrixProgram, Recording, SpikingProgram


@pytest.fixture(scope="module", params=["emulated-1", "emulated-2", "emulated-3", "emulated-4", "emulated-5"])
def calibrated(request):
    with open_session(serial=request.param, fidelity="full") as session:
        yield session, calibrate(session.connection, HagenSyninCalibTarget())


def products(session, calibration, weight, activations, num_sends=1, line=1):
    """Return results of both hemispheres, (products, 2, 256): each vector is sent to one of them alone."""
    configuration = calibration.apply(ChipConfiguration()).replace(readout_source=line)
    nothing = np.zeros_like(activations)
    batch = np.concatenate([np.hstack([activations, nothing]), np.hstack([nothing, activations])]).astype(np.uint8)
    program = MatrixProgram(configuration, np.full((256, 256), weight, np.int8), batch, num_sends)
    values = session.run_matrix(program).values.astype(float)
    return values.reshape(2, len(activations), 256).swapaxes(0, 1)


@pytest.mark.parametrize(("line", "sign"), [(1, 1), (2, -1)])
def test_columns_agree_and_are_quiet(calibrated, truth, line, sign):
    """Facts 6.2: noise below 5 LSB; the rest are bars of ours, at the weight by which columns are judged."""
    values = products(*calibrated, 4 * sign, np.full((200, 128), 15), line=line)
    noise = values.std(axis=0) / np.sqrt(2)  # of two tiles
    assert noise.max() < 5
    assert noise.mean() == pytest.approx(calibrated[1].measured["noise"].mean(), rel=0.05)
    gain = -values.mean(axis=0).reshape(512) / (4 * 15 * 128)
    good = calibrated[1].success
    assert good.mean() >= 0.95
    np.testing.assert_allclose(gain[good], calibrated[1].measured["gain"][line - 1, good], rtol=0.03)
    assert (np.abs(gain[good] / gain[good].mean() - 1) < 0.2).all()
    levels = truth(calibrated[0], {}).dac[:, 4] / 4  # which no calibration changes
    quadrants = gain.reshape(4, 128).mean(axis=1) / levels
    assert np.ptp(quadrants) / quadrants.mean() < 0.05


def test_quadrants_differ_before(calibrated):
    session, _ = calibrated
    nominal = nominal_calibration(session.connection, HagenSyninCalibTarget())
    raw = products(session, nominal, 4, np.full((100, 128), 15)).mean(axis=0).reshape(4, 128).mean(axis=1)
    assert np.ptp(raw) / -raw.mean() > 0.1


def test_drivers_agree(calibrated, truth):
    session, calibration = calibrated
    after, before = truth(session, calibration.registers).driver, truth(session, {}).driver
    assert after.std() < 0.25 * before.std()
    assert after.mean() == pytest.approx(0, abs=0.05)
    np.testing.assert_allclose(calibration.measured["driver_offset"], after, atol=0.3)


def test_lines_keep_their_charge(calibrated, truth):
    session, calibration = calibrated
    real = truth(session, calibration.registers).tau_syn
    assert real.mean() == pytest.approx(20e-6, rel=0.03)
    assert real.std() < 0.05 * real.mean()
    assert (calibration.measured["tau_syn"] / real).std() < 0.07  # under another write of the cells


def test_the_column_adc_spans_what_lines_do(calibrated):
    """Codes 150 and 340 of the test voltage read 20 and 220; lines rest within, and so is 127 LSB below them."""
    session, calibration = calibrated
    for code, wanted in ((150, 20), (245, 120), (340, 220)):
        test = calibration.apply(ChipConfiguration()).replace(enable_cadc_debug=True, debug_voltage=code)
        program = SpikingProgram(test, 2000, InputEvents.silence(4), Recording(np.arange(512)))
        read = np.concatenate([part.values.mean(axis=0) for part in session.run_spiking(program).cadc])
        assert read.mean() == pytest.approx(wanted, abs=2)
        quadrants = read.reshape(4, 128).mean(axis=1)
        assert np.ptp(quadrants) < 5
        if code == 245:
            assert read.std() < 3
    rest = calibration.measured["rest"]
    assert rest.min() > 150
    assert rest.max() < 230


def test_results_are_proportional_to_weights_of_one_sign(calibrated):
    weights = np.arange(0, 8)
    values = np.stack([products(*calibrated, int(w), np.full((60, 128), 10)).mean(axis=0) for w in weights])
    mean = values.mean(axis=(1, 2))
    fit = np.polyfit(weights, mean, 1)
    assert abs(mean - np.polyval(fit, weights)).max() < 1
    assert -128 < mean[-1] < -85  # serials differ in their gain
    assert abs(products(*calibrated, -7, np.full((60, 128), 10)).mean()) < 0.5


def test_a_calibration_for_membranes_lends_its_drivers():
    hagen, own = (load(shipped_path("emulated-1", name)) for name in ("hagen", "hagen_synin"))
    with open_session(serial="emulated-1", fidelity="full") as session:
        found = hagen.to_hagen_synin_result(session.connection)
        assert session.connection.run_counter == 0
        with pytest.raises(CalibrationTargetError, match="wanted one with synapse drivers"):
            load(shipped_path("emulated-1", "spiking")).to_hagen_synin_result(session.connection)
    assert found.target == HagenSyninCalibTarget()
    np.testing.assert_array_equal(found.registers["hagen_dac_offset"], hagen.registers["hagen_dac_offset"])
    np.testing.assert_array_equal(found.registers["i_synin_exc_tau"], own.registers["i_synin_exc_tau"])
    assert found.success.mean() > 0.95
    with open_session(serial="emulated-2", fidelity="full") as other, pytest.raises(CalibrationSerialError):
        hagen.to_hagen_synin_result(other.connection)


def test_a_chip_becomes_one_that_shows_lines(calibrated):
    _, calibration = calibrated
    chip = calibration.to_chip(ChipConfiguration(v_leak=5))
    assert (chip.configuration.readout_source == 1).all()
    assert (chip.v_leak == 5).all()
    assert set(calibration.registers) == set(nominal_registers(calibration.target))


def test_one_that_rests_elsewhere_does_not_hold(calibrated):
    session, calibration = calibrated
    assert still_holds(session.connection, calibration)
    with open_session(serial="emulated-9", fidelity="full") as other:
        assert not still_holds(other.connection, calibration)
    for rest in ({}, {"rest": np.zeros(3)}):
        assert not still_holds(session.connection, dataclasses.replace(calibration, measured=rest))


def test_weak_synapses_take_more_of_them():
    with open_session(serial="emulated-2", fidelity="full") as session:
        found = calibrate(session.connection, HagenSyninCalibTarget(synapse_dac_bias=100, tau_syn=[20e-6, 6e-6]))
        assert found.success.mean() > 0.95
        assert found.measured["tau_syn"].mean(axis=1) == pytest.approx([20e-6, 6e-6], rel=0.03)
        gain = found.measured["gain"].mean(axis=1)
        assert gain[0] == pytest.approx(0.0121 / 8, rel=0.1)
        assert gain[1] < 0.85 * gain[0]


def test_one_quadrant_that_can_not_follow_sets_the_others():
    with open_session(serial="emulated-2", fidelity="full") as session:
        found = calibrate(session.connection, HagenSyninCalibTarget(synapse_dac_bias=1022))
        assert found.registers["i_synapse_dac_bias"].max() == 1021
        assert found.success.mean() > 0.95


@pytest.mark.parametrize("fidelity", ["ideal", "calibrated"])
def test_nominal_codes_are_right_without_mismatch(fidelity):
    """But for what serials have of their own as a whole, which is left in `calibrated`."""
    with open_session(serial="emulated-2", fidelity=fidelity) as session:
        found = nominal_calibration(session.connection, preset("hagen_synin"))
        values = products(session, found, 4, np.full((50, 128), 15)).mean(axis=0) / -(4 * 15 * 128)
        assert values.mean() == pytest.approx(0.0121, rel=0.03 if fidelity == "ideal" else 0.2)


def test_defaults_and_other_kinds():
    target = HagenSyninCalibTarget()
    assert {name: float(value) for name, value in target.asked().items()} == {"tau_syn": 20e-6, "synapse_dac_bias": 800}
    assert target != HagenCalibTarget()
    assert target != SpikingCalibTarget()
