"""Calibration reaches its targets up to the ends of the ranges in which it is said to work, on raw silicon.

Ends that are left out are easier than those that are here, or are in the tests of their kind.
"""

import warnings

import numpy as np
import pytest

from hxtorch.core import open_session
from hxtorch.core.calibration import (
    CalibrationRangeWarning,
    HagenCalibTarget,
    HagenSyninCalibTarget,
    SpikingCalibTarget,
    calibrate,
)
from hxtorch.core.errors import CalibrationError

ENDS = [
    (SpikingCalibTarget, {"threshold": 50}, "threshold", 0.9),  # neurons whose readout is far off meet the rails
    (SpikingCalibTarget, {"leak": 160, "threshold": 220}, "threshold", 0.9),
    (SpikingCalibTarget, {"tau_mem": 0.5e-6, "tau_syn": 30e-6}, "tau_syn", 0.9),
    (SpikingCalibTarget, {"tau_mem": 60e-6, "tau_syn": 0.3e-6}, "tau_mem", 0.95),
    (SpikingCalibTarget, {"synapse_dac_bias": 30, "i_synin_gm": 800}, "tau_syn", 0.95),
    (SpikingCalibTarget, {"tau_icc": 0.3e-6}, "tau_icc", 0.95),
    (SpikingCalibTarget, {"tau_icc": 30e-6}, "tau_icc", 0.95),
    (SpikingCalibTarget, {"e_coba_reversal": [220, -30]}, "e_coba_reversal", 0.9),
    (SpikingCalibTarget, {"e_coba_reversal": [220, 20], "e_coba_reference": 160}, "e_coba_reversal", 0.9),
    (HagenCalibTarget, {"tau_syn": 20e-6}, "tau_syn", 0.9),  # a code is worth 4 %, and a cell misses by a part of one
    (HagenCalibTarget, {"i_synin_gm": 30}, "leak", 0.95),
    (HagenCalibTarget, {"synapse_dac_bias": 30, "leak": 140}, "leak", 0.95),
    (HagenSyninCalibTarget, {"tau_syn": 5e-6, "synapse_dac_bias": 30}, "tau_syn", 0.95),
]


@pytest.mark.parametrize(("kind", "values", "name", "least"), ENDS, ids=[f"{k.kind}-{v}" for k, v, _, _ in ENDS])
def test_ends_of_checked_ranges_are_reached(kind, values, name, least):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        target = kind(**values)
    with open_session(serial="emulated-5", fidelity="full") as session:
        found = calibrate(session.connection, target)
    assert found.success.mean() >= least
    wanted = np.broadcast_to(target.values()[name], found.measured[name].shape)
    reached = found.measured[name][..., found.success]
    np.testing.assert_allclose(reached.mean(axis=-1), wanted[..., found.success].mean(axis=-1), rtol=0.05, atol=1e-9)


@pytest.mark.parametrize("kind", [SpikingCalibTarget, HagenCalibTarget, HagenSyninCalibTarget])
def test_synapses_that_are_off_reach_nothing_and_say_so(kind):
    with pytest.warns(CalibrationRangeWarning, match="synapse_dac_bias"):
        target = kind(synapse_dac_bias=0)
    with (
        open_session(serial="emulated-5", fidelity="full") as session,
        pytest.raises(CalibrationError, match="none of 512"),
    ):
        calibrate(session.connection, target)
