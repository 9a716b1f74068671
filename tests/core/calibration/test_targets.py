"""Targets: refused where no chip can, warned about where calibration is not known to work, equal by value."""

import warnings

import numpy as np
import pytest

from hxtorch.core.calibration import CalibrationRangeWarning, HagenCalibTarget, SpikingCalibTarget, preset
from hxtorch.core.errors import CalibrationTargetError, HXTorchError

HARD = [
    (SpikingCalibTarget, "tau_mem", 0.1e-6, 2000e-6),
    (SpikingCalibTarget, "tau_syn", 0.1e-6, 100e-6),
    (SpikingCalibTarget, "i_synin_gm", 0, 1022),
    (SpikingCalibTarget, "synapse_dac_bias", 0, 1022),
    (SpikingCalibTarget, "membrane_capacitance", 0, 63),
    (HagenCalibTarget, "tau_mem", 0.1e-6, 2000e-6),
    (HagenCalibTarget, "i_synin_gm", 0, 1022),
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
    (HagenCalibTarget, "leak", 100, 140),
    (HagenCalibTarget, "tau_mem", 20e-6, 100e-6),
    (HagenCalibTarget, "tau_syn", 0.3e-6, 20e-6),
    (HagenCalibTarget, "i_synin_gm", 30, 600),
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
    assert {name: float(value) for name, value in spiking.values().items()} == {
        "leak": 80, "reset": 70, "threshold": 125, "tau_mem": 10e-6, "tau_syn": 10e-6, "i_synin_gm": 500,
        "membrane_capacitance": 63, "refractory_time": 2e-6, "holdoff_time": 0, "synapse_dac_bias": 600,
    }  # fmt: skip
    assert {name: float(value) for name, value in hagen.values().items()} == {
        "leak": 120, "tau_mem": 60e-6, "tau_syn": 0.32e-6, "i_synin_gm": 450,
        "membrane_capacitance": 63, "synapse_dac_bias": 1022,
    }  # fmt: skip


def test_targets_compare_by_value_and_kind():
    assert SpikingCalibTarget() == SpikingCalibTarget(leak=np.full(512, 80))
    assert hash(SpikingCalibTarget()) == hash(SpikingCalibTarget(tau_syn=np.full((2, 512), 10e-6)))
    assert SpikingCalibTarget() != SpikingCalibTarget(leak=81)
    assert SpikingCalibTarget() != HagenCalibTarget()
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
    with pytest.raises(CalibrationTargetError, match="spiking2"):
        preset("nightly")
