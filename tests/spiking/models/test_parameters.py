import pytest
import torch

from hxtorch import snn as hxsnn
from hxtorch.spiking.errors import ParameterError
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
        hxsnn.HXParameter(2.0),
        hxsnn.ModelParameter(torch.tensor([1.0, 2.0])),
        hxsnn.MixedHXModelParameter(2.0, 80),
        hxsnn.HXTransformedModelParameter(torch.tensor(2.0), lambda value: 10 * value),
    ],
)
def test_trainable_parameter_reaches_optimizers_and_state_dictionaries(parameter):
    before = torch.as_tensor(parameter.model_value).clone()
    assert not list(parameter.parameters())
    parameter.make_trainable()
    (trained,) = parameter.parameters()
    assert parameter.model_value is trained
    assert torch.equal(trained.detach(), before)
    assert len(parameter.state_dict()) == 1


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
    one.threshold.make_trainable()
    assert isinstance(one.threshold.model_value, torch.nn.Parameter)
    assert other.threshold.model_value == 1.0
    assert (other.threshold.hardware_value, other.leak.hardware_value, other.reset.hardware_value) == (125, 80, 80)


def test_values_follow_their_module_to_other_types_unless_they_are_the_chip_s():
    exp = hxsnn.Experiment(mock=True)
    lif = hxsnn.Neuron(2, exp, threshold=hxsnn.MixedHXModelParameter(torch.ones(2), torch.tensor([120.0, 130.0])))
    lif.double()
    assert lif.threshold.model_value.dtype == torch.float64
    assert lif.threshold.hardware_value.dtype == torch.float32
    assert not lif.state_dict()


def test_gradient_reaches_trainable_parameters():
    exp = hxsnn.Experiment(mock=True)
    syn = hxsnn.Synapse(3, 2, exp)
    lif = hxsnn.Neuron(2, exp, threshold=hxsnn.MixedHXModelParameter(torch.ones(2), 125), alpha=5.0)
    lif.threshold.make_trainable()
    lif.tau_mem.make_trainable()
    z = lif(syn(hxsnn.NeuronHandle(torch.ones(10, 4, 3))))
    hxsnn.run(exp, None)
    z.spikes.sum().backward()
    assert lif.threshold.model_value.grad.abs().min() > 0
    assert lif.tau_mem.model_value.grad is not None


@pytest.mark.parametrize("value", ["80", None, float("nan"), True, torch.tensor([1.0, float("inf")])])
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


def test_base_is_abstract():
    with pytest.raises(TypeError, match="abstract"):
        HXBaseParameter()
