"""Parameters that a loaded calibration was not made for are named, and refused where that is asked for."""

import logging

import numpy as np
import pytest

from hxtorch.core.calibration import (
    Calibration,
    SpikingCalibTarget,
    check_parameters,
    differences,
    nominal_registers,
)
from hxtorch.core.errors import CalibrationTargetError

LEAK = np.where(np.arange(512) < 4, 90.0, 80.0)


def made_for(**values):
    target = SpikingCalibTarget(**values)
    return Calibration(target, "emulated-7", "full", nominal_registers(target), np.ones(512, np.bool_))


def test_equal_parameters_do_not_differ():
    loaded = made_for(leak=LEAK)
    values = {
        "leak": LEAK.astype(np.float32), "tau_mem": np.float32(10e-6), "tau_syn": np.full((2, 512), 10e-6, np.float32),
        "i_synin_gm": [500, 500], "e_coba_reversal": None, "synapse_dac_bias": 600,
    }  # fmt: skip
    assert differences(loaded, values) == ()
    assert check_parameters(loaded, values, strict=True) == ()


def test_differences_name_field_neurons_and_both_values():
    (one,) = differences(made_for(leak=LEAK), {"leak": 80, "reset": 70})
    assert one.name == "leak"
    assert one.neurons.tolist() == [0, 1, 2, 3]
    assert one.wanted.tolist() == [80] * 4
    assert one.calibrated.tolist() == [90] * 4
    assert str(one) == "leak: 80 wanted, 90 calibrated, 4 neurons"
    (inputs,) = differences(made_for(), {"tau_syn": [10e-6, 5e-6]})
    assert inputs.wanted.shape == inputs.calibrated.shape == (2, 512)
    (reversal,) = differences(made_for(), {"e_coba_reversal": [200, 20]})
    assert len(reversal.neurons) == 512


def test_only_neurons_in_use_matter():
    loaded = made_for(leak=LEAK)
    assert differences(loaded, {"leak": 80}, np.arange(4, 512)) == ()
    assert differences(loaded, {"leak": 80}, np.array([100, 2]))[0].neurons.tolist() == [2]


def test_differences_are_reported_and_refused_if_strict(caplog):
    loaded = made_for()
    with caplog.at_level(logging.WARNING):
        assert len(check_parameters(loaded, {"leak": 81, "tau_mem": 5e-6})) == 2
    assert "emulated-7" in caplog.text
    assert "leak: 81 wanted, 80 calibrated" in caplog.text
    with pytest.raises(CalibrationTargetError, match=r"leak: 81 wanted.*tau_mem.*load another"):
        check_parameters(loaded, {"leak": 81, "tau_mem": 5e-6}, strict=True)


def test_parameters_that_no_calibration_has_are_refused():
    with pytest.raises(CalibrationTargetError, match="nonsense"):
        differences(made_for(), {"nonsense": 1})
