"""Ranges and scales measured on the connected chip are those of the facts."""

import numpy as np
import pytest
import torch
import unit_layers as unit

from hxtorch import snn as hxsnn
from hxtorch.core import NoConnectionError, current_session, open_session
from hxtorch.core.vocabulary import chip as lola
from hxtorch.core.vocabulary.coordinates import LogicalNeuronOnDLS
from hxtorch.spiking.errors import ExperimentError, ParameterError
from hxtorch.spiking.morphology import SingleCompartmentNeuron
from hxtorch.spiking.utils.calib_helper import nightly_calib_path
from hxtorch.spiking.utils.dynamic_range import helper
from hxtorch.spiking.utils.dynamic_range.boundary import Boundaries, get_dynamic_range
from hxtorch.spiking.utils.dynamic_range.threshold import Threshold, get_trace_scaling
from hxtorch.spiking.utils.dynamic_range.weight_scaling import WeightScaling, get_weight_scaling


def test_measurements_connect_by_themselves_and_release_again(monkeypatch):
    monkeypatch.setenv("HXTORCH_FIDELITY", "ideal")
    baseline, lower, upper = get_dynamic_range(batch=1)
    assert [len(one) for one in (baseline, lower, upper)] == [512] * 3
    with pytest.raises(NoConnectionError):
        current_session()


def test_a_connection_that_is_open_stays_as_it_was(ideal_chip):
    get_dynamic_range(batch=1)
    assert current_session() is ideal_chip
    assert not ideal_chip.closed


def test_arguments_by_position_are_told_apart_by_what_they_are(ideal_chip):
    pairs, path = SingleCompartmentNeuron(2), nightly_calib_path()
    wanted = get_dynamic_range(pairs, path, {}, batch=1)
    assert len(wanted.baseline) == 256
    for arguments in ((path, {}, pairs), ({}, path, pairs), (str(path), pairs)):
        assert get_dynamic_range(*arguments, batch=1).baseline.keys() == wanted.baseline.keys()
    with pytest.raises(ParameterError, match="params came already"):
        get_dynamic_range({"leak": 80}, {"leak": 80}, batch=1)
    with pytest.raises(ParameterError, match="calib_path: got 3, wanted one of params, calib_path"):
        get_trace_scaling({}, 3)


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
    baseline, lower, upper = (values(one) for one in get_dynamic_range(calib_path=calibrated_chip, batch=4))
    assert abs(baseline.mean() - -45) <= 9
    assert abs(lower.mean() - -103) <= 20.4
    assert abs(upper.mean() - 100) <= 20


def test_trace_scaling_is_the_calibrated_one(calibrated_chip):
    scaling = get_trace_scaling(unit.potentials(), calibrated_chip)
    offset, scale = values(scaling.trace_offset), values(scaling.trace_scale)
    assert abs(offset.mean() - (80 - 128)) < 3
    assert abs(1 / scale.mean() - 45) < 4.5
    assert (np.abs(1 / scale - 45) < 15).mean() > 0.95
    exp = hxsnn.Experiment()
    lif = unit.lif(3, exp, placement_constraint=[7, 300, 9], **scaling._asdict())
    exp.load_calib(calibrated_chip)
    z = lif(hxsnn.Synapse(1, 3, exp)(hxsnn.NeuronHandle(torch.zeros(60, 20, 1))))
    hxsnn.run(exp, 60)
    assert z.membrane_cadc.mean((0, 1)).abs().max() < 0.06  # at rest: 0 in model units


def test_trace_scaling_takes_the_model_s_potentials(calibrated_chip):
    params = {
        "leak": hxsnn.MixedHXModelParameter(0.5, 80),
        "threshold": hxsnn.MixedHXModelParameter(2.5, 125),
    }
    scaled, plain = (get_trace_scaling(given, calibrated_chip, batch=5) for given in (params, unit.potentials()))
    assert values(scaled.trace_scale).mean() == pytest.approx(2 * values(plain.trace_scale).mean(), rel=0.03)
    at_rest = (values(plain.trace_offset) - values(scaled.trace_offset)) * values(scaled.trace_scale)
    assert at_rest.mean() == pytest.approx(0.5, abs=0.03)


def test_weight_scaling(calibrated_chip):
    """Facts 3.8: 50 +- 10 at a distance of 45 LSB from leak to threshold."""
    assert abs(get_weight_scaling(unit.potentials(), calib_path=calibrated_chip) - 50) <= 10
    assert abs(get_weight_scaling(unit.potentials(), 3, calibrated_chip, trace_scale=1 / 45, batch=20) - 50) <= 10


def test_weight_scaling_of_joined_circuits_is_that_of_one(calibrated_chip):
    scale = get_weight_scaling(
        unit.potentials(), 1, calibrated_chip, SingleCompartmentNeuron(2), trace_scale=1 / 45, batch=20
    )
    assert abs(scale - 50) <= 10


def test_measuring_classes_are_those_of_the_functions(ideal_chip):
    pairs, path = SingleCompartmentNeuron(2), nightly_calib_path()
    baseline, lower, upper = Boundaries({}, path, 1, pairs).run(2e-6)
    assert baseline.shape == (256,)
    assert (lower < baseline).all()
    assert (baseline < upper).all()
    offset, scale = Threshold({}, path, 2, pairs).run()
    assert offset.mean() == pytest.approx(80 - 128, abs=2)
    assert 1 / scale.mean() == pytest.approx(45, abs=4.5)
    traces = torch.zeros(10, 2, 256)
    offset, scale = Threshold({}, path, 2, pairs).post_process(traces + 40, traces - 5)
    assert (offset + 5).abs().max() < 1e-6
    assert (1 / scale - 45).abs().max() < 1e-6
    scaling = WeightScaling({}, path, 2, 1 / 45, pairs)
    per_unit, weights = scaling.run(2)
    assert weights.tolist() == [30, 50]
    assert (per_unit - 50).abs().max() <= 12  # 0.28 LSB a weight, and an ideal chip reads whole LSB
    model = scaling.execute(1.0, mock=True)
    assert model.shape[1:] == (1, 256)
    assert float(model.max()) == pytest.approx(np.exp(-1), rel=0.06)  # equal time constants, in parts of the threshold
    for wrong in (0, True, 1.5):
        with pytest.raises(ParameterError, match="weight_step"):
            scaling.run(wrong)


@pytest.mark.parametrize("kind", [helper.ConstantCurrentNeuron, helper.ConstantCurrentReadoutNeuron])
def test_neurons_with_a_constant_current(ideal_chip, kind):
    means = []
    for enable, direction in (
        (False, 0),
        (True, lola.ConstantCurrentType.source),
        (True, lola.ConstantCurrentType.sink),
    ):
        exp = hxsnn.Experiment()
        neuron = kind(2, exp)
        neuron.enable_current, neuron.current_type = enable, direction
        neuron.offset_current = 100
        z = neuron(hxsnn.Synapse(1, 2, exp)(hxsnn.NeuronHandle(torch.zeros(60, 1, 1))))
        hxsnn.run(exp, 60)
        means.append(float(z.membrane_cadc[30:].mean().detach()))
    assert means[2] + 5 < means[0] < means[1] - 5


def test_neurons_that_do_not_fire_are_no_scale(ideal_chip):
    with pytest.raises(ExperimentError, match="512 of 512 neurons did not fire"):
        get_trace_scaling(offset_current=10, batch=1)
    with pytest.raises(ParameterError, match="recording"):
        get_dynamic_range(params={"enable_cadc_recording": False}, batch=1)
