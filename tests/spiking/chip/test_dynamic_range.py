"""Ranges and scales measured on the connected chip are those of the facts."""

import numpy as np
import pytest
import torch

from hxtorch import snn as hxsnn
from hxtorch.core import NoConnectionError, open_session
from hxtorch.core.vocabulary.coordinates import LogicalNeuronOnDLS
from hxtorch.spiking.errors import ExperimentError, ParameterError
from hxtorch.spiking.utils.calib_helper import nightly_calib_path
from hxtorch.spiking.utils.dynamic_range.boundary import get_dynamic_range
from hxtorch.spiking.utils.dynamic_range.threshold import get_trace_scaling
from hxtorch.spiking.utils.dynamic_range.weight_scaling import get_weight_scaling


def test_a_chip_is_needed():
    with pytest.raises(NoConnectionError):
        get_dynamic_range()


@pytest.fixture(scope="module")
def calibrated_chip():
    """The default chip with its calibration: leak 80, threshold 125, time constants 10 us."""
    with open_session(serial="emulated-1", fidelity="full", seed=0):
        yield nightly_calib_path()


def values(by_coordinate):
    assert list(by_coordinate) == [LogicalNeuronOnDLS(anchor=circuit) for circuit in range(512)]
    return np.array([*by_coordinate.values()])


def test_boundaries(calibrated_chip):
    """Facts 2.6: what upstream's test of the real chip asks for."""
    baseline, lower, upper = (values(one) for one in get_dynamic_range(calibrated_chip, batch=4))
    assert abs(baseline.mean() - -45) <= 9
    assert abs(lower.mean() - -103) <= 20.4
    assert abs(upper.mean() - 100) <= 20


def test_trace_scaling_is_the_calibrated_one(calibrated_chip):
    scaling = get_trace_scaling(calibrated_chip)
    offset, scale = values(scaling.trace_offset), values(scaling.trace_scale)
    assert abs(offset.mean() - (80 - 128)) < 3
    assert abs(1 / scale.mean() - 45) < 4.5
    assert (np.abs(1 / scale - 45) < 15).mean() > 0.95
    exp = hxsnn.Experiment()
    lif = hxsnn.Neuron(3, exp, placement_constraint=[7, 300, 9], **scaling._asdict())
    exp.load_calib(calibrated_chip)
    z = lif(hxsnn.Synapse(1, 3, exp)(hxsnn.NeuronHandle(torch.zeros(60, 20, 1))))
    hxsnn.run(exp, 60)
    assert z.membrane_cadc.mean((0, 1)).abs().max() < 0.06  # at rest: 0 in model units


def test_trace_scaling_takes_the_model_s_potentials(calibrated_chip):
    params = {
        "leak": hxsnn.MixedHXModelParameter(0.5, 80),
        "threshold": hxsnn.MixedHXModelParameter(2.5, 125),
    }
    scaled, plain = (get_trace_scaling(calibrated_chip, given, batch=5) for given in (params, None))
    assert values(scaled.trace_scale).mean() == pytest.approx(2 * values(plain.trace_scale).mean(), rel=0.03)
    at_rest = (values(plain.trace_offset) - values(scaled.trace_offset)) * values(scaled.trace_scale)
    assert at_rest.mean() == pytest.approx(0.5, abs=0.03)


def test_weight_scaling(calibrated_chip):
    """Facts 3.8: 50 +- 10 at a distance of 45 LSB from leak to threshold."""
    assert abs(get_weight_scaling(calibrated_chip) - 50) <= 10
    assert abs(get_weight_scaling(calibrated_chip, trace_scale=1 / 45, batch=20) - 50) <= 10


def test_neurons_that_do_not_fire_are_no_scale(ideal_chip):
    with pytest.raises(ExperimentError, match="512 of 512 neurons did not fire"):
        get_trace_scaling(offset_current=10, batch=1)
    with pytest.raises(ParameterError, match="recording"):
        get_dynamic_range(params={"enable_cadc_recording": False}, batch=1)
