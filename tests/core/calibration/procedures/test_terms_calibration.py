"""Conductance-based inputs, compartments and short-term plasticity reach their targets on raw silicon."""

import numpy as np
import pytest

from bss2_emulator.config import ChipConfig
from bss2_emulator.neurons.physics import neuron_physics
from bss2_emulator.neurons.terms import neuron_terms
from bss2_emulator.neurons.topology import find_topology
from bss2_emulator.synram.correlation import sensors
from hxtorch.core import open_session
from hxtorch.core.calibration import (
    CADCCalibTarget,
    CorrelationCalibTarget,
    SpikingCalibTarget,
    STPCalibTarget,
    calibrate,
    for_target,
    nominal_registers,
)
from hxtorch.core.seam.configuration import ChipConfiguration
from hxtorch.core.seam.programs import InputEvents, Recording, SpikingProgram

REVERSAL = np.array([[200.0], [20.0]])
CURRENT_BASED = np.arange(512) % 8 == 0
TARGET = SpikingCalibTarget(
    e_coba_reversal=np.where(CURRENT_BASED, np.nan, REVERSAL),
    tau_icc=np.where(np.arange(512) < 256, 2e-6, np.nan),
)


@pytest.fixture(scope="module")
def calibrated():
    with open_session(serial="emulated-2", fidelity="full") as session:
        yield session, calibrate(session.connection, TARGET)


def physics(session, registers, **more):
    silicon = session.connection._link.chip.silicon
    config = ChipConfig(**ChipConfiguration().replace(**{**registers, **more}).registers())
    return silicon, config


def coba_truth(session, registers):
    """Reversal potentials as read, LSB, and strength at the reference relative to the current-based input."""
    silicon, config = physics(session, registers)
    terms = neuron_terms(config, silicon)
    rest = 0.06 + 80 * 4.5e-3 - silicon.readout_offset
    read = (terms.reversal + silicon.readout_offset - 0.06) / 4.5e-3
    return read, terms.conductance * np.abs(terms.reversal - rest)


def test_conductance_based_inputs(calibrated, trimmed):
    session, calibration = calibrated
    use = ~CURRENT_BASED & calibration.success
    assert calibration.success.mean() >= 0.95
    before, after = (coba_truth(session, codes) for codes in (nominal_registers(TARGET), calibration.registers))
    for sign in (0, 1):
        assert after[0][sign, use].mean() == pytest.approx(REVERSAL[sign, 0], abs=1)
        assert trimmed(after[0][sign, use]) <= 0.4 * trimmed(before[0][sign, use])
        assert after[1][sign, use].mean() == pytest.approx(1, abs=0.05)
        assert trimmed(after[1][sign, use]) <= 0.3 * trimmed(before[1][sign, use])


def test_inputs_that_are_not_asked_for_stay_current_based(calibrated):
    _, calibration = calibrated
    for sign in ("exc", "inh"):
        np.testing.assert_array_equal(calibration.registers[f"enable_coba_{sign}"], ~CURRENT_BASED)


def icc_truth(session, registers):
    """Time constants of the conductances of the even circuits of the top row, each joined to its neighbour, seconds."""
    even = (np.arange(512) % 2 == 0) & (np.arange(512) < 256)
    joined = {"connect_soma": np.roll(even, 1), "connect_soma_right": even, "enable_icc": even}
    silicon, config = physics(session, registers, **joined)
    topology = find_topology(config, silicon)
    first = topology.edges.min(axis=1)
    return neuron_physics(config, silicon).capacitance[first] / topology.conductance


def test_nominal_codes_are_right_without_mismatch():
    with open_session(fidelity="ideal") as session:
        registers = nominal_registers(TARGET)
        read, strength = coba_truth(session, registers)
        np.testing.assert_allclose(read[:, ~CURRENT_BASED], np.broadcast_to(REVERSAL, (2, 448)), atol=0.5)
        np.testing.assert_allclose(strength[:, ~CURRENT_BASED], 1, rtol=0.01)
        np.testing.assert_allclose(icc_truth(session, registers), 2e-6, rtol=0.02)


def test_time_constants_between_compartments(calibrated):
    session, calibration = calibrated
    before, after = (icc_truth(session, codes) for codes in (nominal_registers(TARGET), calibration.registers))
    assert after.shape == (128,)
    assert after.mean() == pytest.approx(2e-6, rel=0.02)
    assert after.std() <= 0.3 * before.std()
    assert not calibration.registers["i_icc"][256:].any()


def test_drivers_send_equal_amplitudes():
    """The spread within a block is below 2 LSB (chip facts 2.3)."""
    with open_session(serial="emulated-1", fidelity="full") as session:
        found = calibrate(session.connection, STPCalibTarget(v_recover_0=380))
        amplitude = 32 * session.connection._link.chip.silicon.stp_amplitude
    assert (found.registers["v_stp_recover"] == [380, 50]).all()
    after = amplitude + 32 * 0.05 * (found.registers["stp_offset"].astype(float) - 7)
    for block in (after.reshape(2, 16, 2, 4)[h, :, sign] for h in (0, 1) for sign in (0, 1)):
        assert block.std() < 1
    assert amplitude.std() > 3
    assert np.abs(found.measured["stp_amplitude"] - 16).max() < 4


def test_short_term_plasticity_is_applied_on_top_of_neurons():
    with open_session(serial="emulated-1", fidelity="calibrated") as session:
        neurons, drivers = (
            for_target(session.connection, target) for target in (SpikingCalibTarget(), STPCalibTarget())
        )
    both = drivers.apply(neurons.apply(ChipConfiguration()))
    np.testing.assert_array_equal(both.v_leak, neurons.registers["v_leak"])
    assert (both.v_stp_charge == [100, 330]).all()
    assert (both.v_stp == 180).all()


@pytest.mark.parametrize("target", [CADCCalibTarget(), CADCCalibTarget(v_low=150, v_high=500)])
def test_the_readout_alone(target):
    """All channels read the same (chip facts 6.2: sigma < 3), and what the target says halfway between its points."""
    with open_session(serial="emulated-3", fidelity="full") as session:
        found = calibrate(session.connection, target)
        halfway = int(target.v_low + target.v_high) // 2
        test = found.apply(ChipConfiguration(enable_cadc_debug=True, debug_voltage=halfway))
        program = SpikingProgram(test, 4000, InputEvents.silence(8), Recording(np.arange(512)))
        samples = session.run_spiking(program).cadc
    read = np.concatenate([part.values.mean(axis=0) for part in samples])
    assert read.mean() == pytest.approx(120, abs=1)
    assert read.std() < 3
    assert set(found.registers) == {"cadc_ramp_slope", "cadc_ramp_offset", "cadc_offset"}
    assert found.success.mean() > 0.99


def test_correlation_sensors(trimmed):
    """The middle of all sensors is near the target (chip facts 6.2), and they differ less than before."""
    target = CorrelationCalibTarget(amplitude=1.0, time_constant=8e-6)
    with open_session(serial="emulated-2", fidelity="full") as session:
        found = calibrate(session.connection, target)
        silicon, before = physics(session, nominal_registers(target))
        _, after = physics(session, found.registers)
    rows = np.arange(512)
    for before_all, after_all, wanted in zip(
        sensors(before, silicon, rows), sensors(after, silicon, rows), (1.0, 8e-6), strict=True
    ):
        for sensor in (0, 1):
            after_one = after_all[:, sensor]
            assert np.median(after_one) == pytest.approx(wanted, rel=0.05)
            low, high = np.percentile(after_one, [30, 70])
            assert wanted / 2 < low < high < 2 * wanted
            assert trimmed(np.log(after_one)) < 0.9 * trimmed(np.log(before_all[:, sensor]))
    np.testing.assert_allclose(found.measured["time_constant"], 8e-6, rtol=0.2)
    assert found.success.all()
