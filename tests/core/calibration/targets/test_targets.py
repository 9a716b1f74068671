"""Targets: refused where no chip can, warned about where calibration is not known to work, equal by value."""

import warnings

import numpy as np
import pytest

from hxtorch.core.calibration import (
    CADCCalibTarget,
    Calibrated,
    CalibratedMatching,
    CalibrationRangeWarning,
    HagenCalibTarget,
    HagenNeuronCalibTarget,
    HagenSyninCalibTarget,
    SpikingCalibTarget,
    STPCalibTarget,
    SynapseDriverCalibTarget,
    Uncalibrated,
    nominal_registers,
    preset,
)
from hxtorch.core.errors import CalibrationTargetError, HXTorchError

DIGEST = "d3780086b4f8f82c"
HAGEN_DIGEST = "a61673fe33b5764a"
HARD = [
    (SpikingCalibTarget, "tau_mem", 0.1e-6, 2000e-6),
    (SpikingCalibTarget, "tau_syn", 0.1e-6, 100e-6),
    (SpikingCalibTarget, "i_synin_gm", 0, 1022),
    (SpikingCalibTarget, "synapse_dac_bias", 0, 1022),
    (SpikingCalibTarget, "membrane_capacitance", 0, 63),
    (HagenCalibTarget, "tau_mem", 0.1e-6, 2000e-6),
    (HagenCalibTarget, "i_synin_gm", 0, 1022),
    (HagenNeuronCalibTarget, "tau_mem", 0.1e-6, 2000e-6),
    (HagenNeuronCalibTarget, "target_noise", 0, 128),
    (HagenSyninCalibTarget, "tau_syn", 0.1e-6, 100e-6),
    (HagenSyninCalibTarget, "synapse_dac_bias", 0, 1022),
    (SynapseDriverCalibTarget, "limit", 0.05, 1),
    (SynapseDriverCalibTarget, "stp_offset", 0, 15),
    (SynapseDriverCalibTarget, "test_activation", 1, 15),
]
CHECKED = [
    (SpikingCalibTarget, "leak", 50, 160),
    (SpikingCalibTarget, "reset", 50, 160),
    (SpikingCalibTarget, "threshold", 50, 220),
    (SpikingCalibTarget, "tau_mem", 0.5e-6, 60e-6),
    (SpikingCalibTarget, "tau_syn", 0.3e-6, 30e-6),
    (SpikingCalibTarget, "i_synin_gm", 30, 800),
    (SpikingCalibTarget, "refractory_time", 40e-9, 32e-6),
    (SpikingCalibTarget, "synapse_dac_bias", 30, 1022),
    (SpikingCalibTarget, "tau_icc", 0.3e-6, 30e-6),
    (HagenCalibTarget, "leak", 100, 140),
    (HagenCalibTarget, "tau_mem", 20e-6, 100e-6),
    (HagenCalibTarget, "tau_syn", 0.3e-6, 20e-6),
    (HagenCalibTarget, "i_synin_gm", 30, 600),
    (HagenNeuronCalibTarget, "leak", 100, 140),
    (HagenNeuronCalibTarget, "tau_mem", 20e-6, 100e-6),
    (HagenNeuronCalibTarget, "tau_syn", 0.3e-6, 20e-6),
    (HagenNeuronCalibTarget, "i_synin_gm", 30, 600),
    (HagenNeuronCalibTarget, "target_noise", 1.0, 2.5),
    (HagenSyninCalibTarget, "tau_syn", 5e-6, 20e-6),
    (HagenSyninCalibTarget, "synapse_dac_bias", 30, 1022),
    (SynapseDriverCalibTarget, "limit", 0.3, 0.95),
    (SynapseDriverCalibTarget, "test_activation", 2, 10),
]


@pytest.mark.parametrize(("kind", "name", "low", "high"), HARD)
def test_values_beyond_the_hard_range_are_refused_and_named(kind, name, low, high):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CalibrationRangeWarning)
        kind(**{name: low})
        kind(**{name: high})
    for bad in (low - 1, high * 1.001 + 1):
        with pytest.raises(CalibrationTargetError, match=name):
            kind(**{name: bad})


@pytest.mark.parametrize(("kind", "name", "low", "high"), CHECKED)
def test_values_beyond_the_checked_range_warn_and_inside_do_not(kind, name, low, high):
    kind(**{name: low})
    kind(**{name: high})
    for outside in (low * 0.99 if low < 1 else low - 1, high * 1.01 if high < 1 else high + 1):
        if outside > kind.__dataclass_fields__[name].metadata["range"].hard[1]:
            continue
        with pytest.warns(CalibrationRangeWarning, match=name):
            kind(**{name: outside})


@pytest.mark.parametrize("bad", [np.nan, np.inf, "fast", [1.0, 2.0], np.ones((512, 2)), None, 1 + 2j, [[1], [2, 3]]])
def test_what_is_no_number_or_of_the_wrong_shape_is_refused(bad):
    with pytest.raises(CalibrationTargetError, match="leak") as caught:
        SpikingCalibTarget(leak=bad)
    assert isinstance(caught.value, HXTorchError)
    assert isinstance(caught.value, ValueError)


def test_holdoff_is_part_of_the_refractory_time():
    with pytest.raises(CalibrationTargetError, match="holdoff_time"):
        SpikingCalibTarget(refractory_time=1e-6, holdoff_time=2e-6)


def test_defaults_are_those_of_the_real_chips_calibration():
    spiking, hagen = SpikingCalibTarget(), HagenCalibTarget()
    assert {name: float(value) for name, value in spiking.asked().items()} == {
        "leak": 80, "reset": 70, "threshold": 125, "tau_mem": 10e-6, "tau_syn": 10e-6, "i_synin_gm": 500,
        "membrane_capacitance": 63, "refractory_time": 2e-6, "holdoff_time": 0, "synapse_dac_bias": 600,
    }  # fmt: skip
    assert {name: float(value) for name, value in hagen.asked().items()} == {
        "leak": 120, "tau_mem": 60e-6, "tau_syn": 0.32e-6, "i_synin_gm": 450,
        "membrane_capacitance": 63, "synapse_dac_bias": 1022,
    }  # fmt: skip
    neuron, driver = HagenNeuronCalibTarget(), SynapseDriverCalibTarget()
    assert neuron.asked() == hagen.asked()
    assert np.isnan(neuron.target_noise)
    assert {name: float(value) for name, value in driver.asked().items()} == {
        "limit": 0.9, "stp_offset": 7, "test_activation": 3,
    }  # fmt: skip


def test_defaults_of_short_term_plasticity_are_those_of_the_real_chips_calibration():
    assert {name: float(value) for name, value in STPCalibTarget().values().items()} == {
        "v_charge_0": 100, "v_recover_0": 400, "v_charge_1": 330, "v_recover_1": 50, "i_ramp": 600, "v_stp": 180,
    }  # fmt: skip
    with pytest.raises(CalibrationTargetError, match="v_stp"):
        STPCalibTarget(v_stp=1023)


def test_defaults_and_limits_of_the_readout():
    assert {name: float(value) for name, value in CADCCalibTarget().values().items()} == {
        "v_low": 70, "v_high": 550, "read_low": 20, "read_high": 220,
    }  # fmt: skip
    with pytest.warns(CalibrationRangeWarning, match="v_low"):
        CADCCalibTarget(v_low=69)
    with pytest.raises(CalibrationTargetError, match="v_high: wanted at least 20 above v_low"):
        CADCCalibTarget(v_low=100, v_high=110)


def test_what_is_not_asked_for_is_none_for_all_or_some_neurons():
    target = SpikingCalibTarget()
    assert all(np.isnan(target.values()[name]) for name in ("e_coba_reversal", "e_coba_reference", "tau_icc"))
    some = np.where(np.arange(512) == 3, 1e-6, np.nan)
    assert np.flatnonzero(~np.isnan(SpikingCalibTarget(tau_icc=some).per_neuron("tau_icc"))).tolist() == [3]
    assert SpikingCalibTarget(tau_icc=np.full(512, np.nan)) == target
    with pytest.raises(CalibrationTargetError, match="leak"):
        SpikingCalibTarget(leak=None)


def test_targets_from_before_a_field_came_are_what_they_were():
    """Their hash names files in the cache, so it stays."""
    target = SpikingCalibTarget()
    assert SpikingCalibTarget.restore(target.asked()) == SpikingCalibTarget.restore(target.values()) == target
    assert target.digest().startswith(DIGEST)
    assert HagenCalibTarget().digest().startswith(HAGEN_DIGEST)
    with pytest.raises(CalibrationTargetError, match="fields"):
        SpikingCalibTarget.restore({name: value for name, value in target.values().items() if name != "leak"})


def test_excitatory_inputs_reverse_above_and_inhibitory_below_the_reference():
    target = SpikingCalibTarget(e_coba_reversal=[200, 20])
    assert (target.coba_reference() == 80).all()
    assert (SpikingCalibTarget(e_coba_reversal=[200, 20], e_coba_reference=100).coba_reference() == 100).all()
    for reversal in ([20, 200], [200, 100], 80):
        with pytest.raises(CalibrationTargetError, match="reference potential 80"):
            SpikingCalibTarget(e_coba_reversal=reversal)


def test_kinds_of_synaptic_inputs():
    matched, plain = SpikingCalibTarget(i_synin_gm=CalibratedMatching(600)), SpikingCalibTarget(i_synin_gm=600)
    assert matched == plain
    each = SpikingCalibTarget(i_synin_gm=Calibrated([400, 600]))
    assert each.per_input("i_synin_gm")[:, 7].tolist() == [400, 600]
    written = SpikingCalibTarget(i_synin_gm=Uncalibrated([400, 600]))
    assert written != each
    assert (nominal_registers(written)["i_synin_exc_gm"] == 400).all()
    assert (nominal_registers(each)["i_synin_exc_gm"] < 400).all()
    with pytest.raises(CalibrationTargetError, match="i_synin_gm"):
        SpikingCalibTarget(i_synin_gm=Uncalibrated(1023))


def test_targets_compare_by_value_and_kind():
    assert SpikingCalibTarget() == SpikingCalibTarget(leak=np.full(512, 80))
    assert hash(SpikingCalibTarget()) == hash(SpikingCalibTarget(tau_syn=np.full((2, 512), 10e-6)))
    assert SpikingCalibTarget() != SpikingCalibTarget(leak=81)
    assert SpikingCalibTarget() != HagenCalibTarget()
    assert HagenNeuronCalibTarget() != HagenCalibTarget()
    assert SpikingCalibTarget() != "spiking"
    one_differs = np.full(512, 80)
    one_differs[7] = 81
    assert SpikingCalibTarget() != SpikingCalibTarget(leak=one_differs)


def test_targets_do_not_change_with_the_arrays_they_came_from():
    leak = np.linspace(70, 90, 512)
    target = SpikingCalibTarget(leak=leak)
    before = target.digest()
    leak[:] = 0
    assert target.digest() == before
    with pytest.raises(ValueError, match="read-only"):
        target.leak[0] = 1


def test_presets_by_name():
    assert preset("spiking") == SpikingCalibTarget()
    assert preset("spiking2") == SpikingCalibTarget(
        reset=80, threshold=150, tau_mem=6e-6, tau_syn=6e-6, synapse_dac_bias=1000
    )
    assert preset("hagen") == HagenCalibTarget()
    assert preset("hagen_synin") == HagenSyninCalibTarget(tau_syn=20e-6, synapse_dac_bias=800)
    with pytest.raises(CalibrationTargetError, match="spiking2"):
        preset("nightly")
