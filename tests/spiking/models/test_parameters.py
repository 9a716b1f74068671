import numpy as np
import pytest
import torch

from hxtorch import snn as hxsnn
from hxtorch.core.errors import ArgumentError
from hxtorch.spiking.errors import ParameterError, ParameterWarning
from hxtorch.spiking.parameter import HXBaseParameter


def test_values_for_model_and_chip():
    assert (hxsnn.HXParameter(3.0).model_value, hxsnn.HXParameter(3.0).hardware_value) == (3.0, 3.0)
    mixed = hxsnn.MixedHXModelParameter(1.0, 125)
    assert (mixed.model_value, mixed.hardware_value) == (1.0, 125)
    transformed = hxsnn.HXTransformedModelParameter(1.0, lambda value: 80 + 45 * value)
    assert (transformed.model_value, transformed.hardware_value) == (1.0, 125.0)
    assert hxsnn.ModelParameter(2.0).model_value == 2.0
    with pytest.raises(ParameterError, match="no value for the chip"):
        _ = hxsnn.ModelParameter(2.0).hardware_value


@pytest.mark.parametrize(
    "parameter",
    [
        HXBaseParameter(80, 2.0),
        hxsnn.ModelParameter(torch.tensor([1.0, 2.0])),
        hxsnn.MixedHXModelParameter(2.0, 80),
        hxsnn.HXTransformedModelParameter(torch.tensor(2.0), lambda value: 10 * value),
    ],
)
def test_trainable_parameter_reaches_optimizers_and_state_dictionaries(parameter):
    before = torch.as_tensor(parameter.model_value).clone()
    assert not list(parameter.parameters())
    assert not parameter.is_trainable()
    assert parameter.make_trainable() is parameter
    assert parameter.is_trainable()
    (trained,) = parameter.parameters()
    assert parameter.model_value is trained
    assert torch.equal(trained.detach(), before)
    assert list(parameter.state_dict()) == ["_model_value"]
    assert parameter() is trained


def test_chip_follows_a_trained_value_without_gradient():
    parameter = hxsnn.HXTransformedModelParameter(2.0, lambda value: 10 * value)
    parameter.make_trainable()
    with torch.no_grad():
        parameter.model_value.add_(1.0)
    assert float(parameter.hardware_value) == 30.0
    assert not parameter.hardware_value.requires_grad


def test_every_neuron_module_has_its_own_defaults():
    exp = hxsnn.Experiment(mock=True)
    one, other = hxsnn.Neuron(2, exp), hxsnn.Neuron(2, exp)
    one.threshold.hardware_value = 130
    assert (one.threshold.model_value, other.threshold.model_value) == (130, 125)


def test_potentials_without_arguments_are_the_chip_s_in_the_model_too():
    """Tutorial: the mock cell rests at 80; reference of 2026: leak 80, reset 80, threshold 125."""
    exp = hxsnn.Experiment(mock=True)
    for layer in (hxsnn.LIF(2, exp), hxsnn.AELIF(2, exp)):
        for name, value in (("leak", 80), ("reset", 80), ("threshold", 125)):
            parameter = getattr(layer, name)
            assert isinstance(parameter, hxsnn.HXParameter)
            assert (parameter.model_value, parameter.hardware_value) == (value, value)
    assert hxsnn.LI(2, exp).leak.model_value == 80
    assert hxsnn.IAFNeuron(2, exp).threshold.model_value == 125


def test_values_follow_their_module_to_other_types_unless_they_are_the_chip_s():
    exp = hxsnn.Experiment(mock=True)
    lif = hxsnn.Neuron(2, exp, threshold=hxsnn.MixedHXModelParameter(torch.ones(2), torch.tensor([120.0, 130.0])))
    lif.double()
    assert lif.threshold.model_value.dtype == torch.float64
    assert lif.threshold.hardware_value.dtype == torch.float32
    assert lif.float().half().threshold.model_value.dtype == torch.float32  # 1 / tau of microseconds overflows in half


def test_gradient_reaches_trainable_parameters():
    exp = hxsnn.Experiment(mock=True)
    syn = hxsnn.Synapse(3, 2, exp)
    units = {"leak": hxsnn.MixedHXModelParameter(0.0, 80), "tau_mem": hxsnn.MixedHXModelParameter(1e-5, 1e-5)}
    lif = hxsnn.Neuron(2, exp, threshold=hxsnn.MixedHXModelParameter(torch.ones(2), 125), **units, alpha=5.0)
    lif.threshold.make_trainable()
    lif.tau_mem.make_trainable()
    z = lif(syn(hxsnn.NeuronHandle(torch.ones(10, 4, 3))))
    hxsnn.run(exp, None)
    z.spikes.sum().backward()
    assert lif.threshold.model_value.grad.abs().min() > 0
    assert lif.tau_mem.model_value.grad is not None


@pytest.mark.parametrize("value", ["80", float("nan"), True, torch.tensor([1.0, float("inf")])])
def test_values_that_are_no_numbers_are_refused(value):
    with pytest.raises(ParameterError, match="wanted"):
        hxsnn.HXParameter(value)


def test_one_value_per_neuron_or_one_for_all():
    exp = hxsnn.Experiment(mock=True)
    hxsnn.Neuron(3, exp, tau_mem=torch.full((3,), 5e-6))
    with pytest.raises(ParameterError, match=r"tau_mem: got shape \(2,\).*\(3,\)"):
        hxsnn.Neuron(3, exp, tau_mem=torch.full((2,), 5e-6))


@pytest.mark.parametrize(
    ("parameter", "shown"),
    [
        (hxsnn.HXParameter(10e-6), "HXParameter(1e-05)"),
        (hxsnn.HXParameter(torch.tensor([5e-6, 20e-6])), "HXParameter(5e-06..2e-05 (2 neurons))"),
        (hxsnn.MixedHXModelParameter(1.0, 125), "MixedHXModelParameter(model=1, chip=125)"),
        (hxsnn.HXTransformedModelParameter(2.0, lambda value: 80 + value), "(model=2, chip=82)"),
        (hxsnn.ModelParameter(torch.tensor(0.5)), "ModelParameter(model=0.5)"),
    ],
)
def test_representation_shows_the_values(parameter, shown):
    assert shown in repr(parameter)


def test_nan_in_a_trained_parameter_is_refused():
    with pytest.raises(ParameterError, match="value: got a tensor with NaN"):
        hxsnn.HXParameter(torch.nn.Parameter(torch.tensor([1.0, float("nan")])))


def test_values_can_be_set_where_they_are_independent():
    """Of HXParameter only the hardware value, of ModelParameter only the model's."""
    plain, model = hxsnn.HXParameter(1.0), hxsnn.ModelParameter(1.0)
    plain.hardware_value = 90
    assert (plain.model_value, plain.hardware_value) == (90, 90)
    with pytest.raises(AttributeError, match=r"follows hardware_value.*MixedHXModelParameter\(2, 90\)"):
        plain.model_value = 2.0
    model.model_value = 3.0
    assert model.model_value == 3.0
    with pytest.raises(AttributeError, match=r"MixedHXModelParameter\(3, 90\)"):
        model.hardware_value = 90
    mixed = hxsnn.MixedHXModelParameter(1.0, 125)
    mixed.model_value, mixed.hardware_value = torch.tensor([0.5, 0.6]), 130
    assert mixed.model_value.tolist() == pytest.approx([0.5, 0.6])
    assert mixed.hardware_value == 130
    transformed = hxsnn.HXTransformedModelParameter(1.0, lambda value: 80 + 45 * value)
    transformed.model_value = 2.0
    assert transformed.hardware_value == 170.0
    with pytest.raises(AttributeError, match="follows model_value"):
        transformed.hardware_value = 90


def test_trained_value_stays_what_the_optimizer_knows_when_it_is_set():
    parameter = hxsnn.ModelParameter(1.0).make_trainable()
    (trained,) = parameter.parameters()
    parameter.model_value = 3.0
    assert parameter.model_value is trained
    assert trained.item() == 3.0
    other = torch.nn.Parameter(torch.tensor(4.0))
    parameter.model_value = other
    assert [*parameter.parameters()] == [other]


def test_make_trainable_of_a_plain_parameter_keeps_the_plain_value_and_says_so():
    parameter = hxsnn.HXParameter(10e-6)
    with pytest.warns(ParameterWarning, match=r"HXTransformedModelParameter\(1e-05, .*\)\.make_trainable\(\)"):
        assert parameter.make_trainable() is parameter
    assert parameter.model_value == parameter.hardware_value == 10e-6
    assert not parameter.is_trainable()
    assert not list(parameter.parameters())


def test_function_of_a_trained_parameter_writes_to_the_chip():
    seen = []
    parameter = hxsnn.MixedHXModelParameter(1.0, 125)
    parameter.set_on_chip("chip", ["places"])  # nothing, without a function
    parameter.make_trainable(lambda value, chip, places: seen.append((value, chip, places)))
    parameter.set_on_chip("chip", ["places"])
    assert seen == [(125, "chip", ["places"])]


def test_number_set_on_a_layer_becomes_a_parameter():
    """Ours, beyond the documents."""
    lif = hxsnn.LIF(2, hxsnn.Experiment(mock=True))
    lif.threshold = 0.5
    assert isinstance(lif.threshold, hxsnn.HXParameter)
    assert (lif.threshold.model_value, lif.threshold.hardware_value) == (0.5, 0.5)
    lif.leak = hxsnn.MixedHXModelParameter(0.0, 80)
    assert lif.leak.hardware_value == 80
    with pytest.raises(ParameterError, match=r"threshold: got shape \(3,\)"):
        lif.threshold = torch.ones(3)


def test_constants_of_neurons_are_in_the_state_dictionary_and_load():
    exp = hxsnn.Experiment(mock=True)
    taus = torch.linspace(8e-6, 2e-5, 4)
    saved = hxsnn.LIF(4, exp, tau_mem=taus, threshold=hxsnn.MixedHXModelParameter(1.0, 120)).state_dict()
    assert torch.equal(saved["tau_mem._model_value"], taus)
    same = hxsnn.LIF(4, exp, tau_mem=taus, threshold=hxsnn.MixedHXModelParameter(1.0, 125))
    assert str(same.load_state_dict(saved)) == "<All keys matched successfully>"
    assert same.threshold.hardware_value == 125  # the chip's is the chip's
    other = hxsnn.LIF(4, exp)
    with pytest.warns(ParameterWarning) as said:
        other.load_state_dict(saved)
    assert sorted(str(one.message).split(":")[0] for one in said) == ["tau_mem", "threshold"]
    assert torch.equal(other.tau_mem.model_value, taus)
    assert other.threshold.model_value == 1.0


def test_checkpoints_without_constants_load_and_those_without_trained_values_do_not():
    exp = hxsnn.Experiment(mock=True)
    lif = hxsnn.LIF(2, exp, tau_mem=hxsnn.ModelParameter(8e-6))
    assert str(lif.load_state_dict({})) == "<All keys matched successfully>"
    lif.tau_mem.make_trainable()
    with pytest.raises(RuntimeError, match=r"Missing key.*tau_mem\._model_value"):
        lif.load_state_dict({})
    lif.load_state_dict({"tau_mem._model_value": torch.tensor(9e-6)})
    assert lif.tau_mem.model_value.item() == pytest.approx(9e-6)


@pytest.mark.parametrize("kind", [hxsnn.HXParameter, hxsnn.ModelParameter])
def test_constants_of_another_number_of_neurons_are_refused(kind):
    exp = hxsnn.Experiment(mock=True)
    saved = hxsnn.LIF(3, exp, tau_mem=kind(torch.linspace(8e-6, 2e-5, 3))).state_dict()
    lif = hxsnn.LIF(4, exp, tau_mem=kind(9e-6))
    with pytest.raises(RuntimeError, match=r"tau_mem\._model_value: got values of 3 neurons, wanted one number or 4"):
        lif.load_state_dict(saved)
    assert lif.tau_mem.model_value == 9e-6


def test_key_of_older_checkpoints_is_known():
    parameter = hxsnn.HXParameter(torch.nn.Parameter(torch.tensor(2.0)))
    parameter.load_state_dict({"value": torch.tensor(3.0)})
    assert parameter.model_value.item() == 3.0


@pytest.mark.parametrize("kind", [np.array, list, tuple, lambda values: np.array(values, np.float32)])
def test_arrays_and_sequences_are_values_of_neurons(kind):
    """As arguments, in parameters, and set as attributes."""
    exp, values = hxsnn.Experiment(mock=True), kind([70.0, 80.0, 90.0])
    for leak in (values, hxsnn.HXParameter(values), hxsnn.MixedHXModelParameter(values, values)):
        lif = hxsnn.LIF(3, exp, leak=leak)
        assert lif.leak.model_value.tolist() == lif.leak.hardware_value.tolist() == [70.0, 80.0, 90.0]
        assert lif.leak.model_value.dtype == torch.float32
    lif.threshold = values
    assert lif.threshold.model_value.tolist() == [70.0, 80.0, 90.0]
    with pytest.raises(ParameterError, match="NaN"):
        hxsnn.LIF(3, exp, leak=kind([float("nan"), 80.0, 90.0]))


@pytest.mark.parametrize(
    "value", [np.ma.masked_array([1.0, 2.0, 3.0], [0, 1, 0]), ["a", "b", "c"], [[1.0], [2.0, 3.0]]]
)
def test_what_is_no_array_of_numbers_is_no_value(value):
    with pytest.raises((ParameterError, ArgumentError), match="leak"):
        hxsnn.LIF(3, hxsnn.Experiment(mock=True), leak=value)
