"""Nominal codes are exact, up to the size of a code, on a chip without mismatch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hxtorch.core import open_session
from hxtorch.core.calibration import HagenCalibTarget, SpikingCalibTarget, for_target, nominal_registers, preset
from hxtorch.core.seam.configuration import ChipConfiguration
from hxtorch.core.seam.programs import InputEvents, MatrixProgram, Recording, SpikingProgram


@pytest.fixture(scope="module")
def ideal():
    with open_session(serial="emulated-1", fidelity="ideal") as session:
        yield session


@settings(max_examples=25)
@given(
    leak=st.floats(50, 160), reset=st.floats(50, 160), threshold=st.floats(50, 220), tau_mem=st.floats(0.5e-6, 60e-6),
    tau_syn=st.floats(0.3e-6, 10e-6), size=st.integers(0, 63), refractory=st.floats(0.25e-6, 32e-6),
)  # fmt: skip
def test_codes_reach_the_target(ideal, truth, leak, reset, threshold, tau_mem, tau_syn, size, refractory):
    target = SpikingCalibTarget(
        leak=leak, reset=reset, threshold=threshold, tau_mem=tau_mem, tau_syn=tau_syn, membrane_capacitance=size,
        refractory_time=refractory,
    )  # fmt: skip
    real = truth(ideal, nominal_registers(target))
    np.testing.assert_allclose(real.leak, leak, atol=0.5)
    np.testing.assert_allclose(real.threshold, threshold, atol=0.5)
    np.testing.assert_allclose(real.tau_mem, tau_mem, rtol=0.04)
    np.testing.assert_allclose(real.tau_syn, tau_syn, rtol=0.02)
    np.testing.assert_allclose(real.refractory, refractory, rtol=0.05)


def test_values_per_neuron_reach_their_neurons(ideal, truth):
    rng = np.random.default_rng(0)
    leak, tau_syn = rng.uniform(60, 100, 512), rng.uniform(1e-6, 10e-6, (2, 512))
    real = truth(ideal, nominal_registers(SpikingCalibTarget(leak=leak, tau_syn=tau_syn)))
    np.testing.assert_allclose(real.leak, leak, atol=0.5)
    np.testing.assert_allclose(real.tau_syn, tau_syn, rtol=0.02)


def test_an_ideal_chip_reads_its_target(ideal):
    configuration = for_target(ideal.connection, SpikingCalibTarget()).apply(ChipConfiguration())
    recording = Recording(np.arange(512))
    result = ideal.run_spiking(SpikingProgram(configuration, 2500, InputEvents.silence(), recording))
    for samples in result.cadc:
        assert (samples.values == 80).all()


def test_an_ideal_chip_multiplies_with_a_gain_of_one_500th(ideal):
    configuration = for_target(ideal.connection, HagenCalibTarget()).apply(ChipConfiguration())
    weights, activations = np.full((100, 10), 21, np.int8), np.full((1, 100), 15, np.uint8)
    values = ideal.run_matrix(MatrixProgram(configuration, weights, activations)).values
    assert (values == round(0.002 * 21 * 15 * 100)).all()


@pytest.mark.parametrize("name", ["spiking", "spiking2", "hagen"])
def test_every_register_of_a_measured_calibration_is_in_a_nominal_one(name):
    from hxtorch.core.calibration import load
    from hxtorch.core.calibration.stored.paths import shipped_path

    shipped = load(shipped_path("emulated-1", name))
    assert set(shipped.registers) == set(nominal_registers(preset(name)))
