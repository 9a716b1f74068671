import warnings
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hxtorch import snn as hxsnn
from hxtorch.core import ExternalPopulation, NetworkBuilder, OperandRangeError, Population
from hxtorch.spiking.errors import (
    ExperimentError,
    ParameterError,
    ParameterWarning,
    SilentLayerWarning,
    TensorShapeError,
    TensorValueError,
)
from hxtorch.spiking.transforms.weight_transforms import linear_saturating


def synapse(weight, **arguments):
    syn = hxsnn.Synapse(weight.shape[1], weight.shape[0], hxsnn.Experiment(mock=True), **arguments)
    with torch.no_grad():
        syn.weight.copy_(weight)
    return syn


@given(st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=30))
def test_weights_are_clipped_and_rounded_half_away_from_zero(weights):
    weight = torch.tensor([weights])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that all are zero or many clipped is said in tests below
        lsb = synapse(weight).hardware_weights()
    clipped = np.clip(weight.numpy().astype(float), -63, 63)
    assert np.array_equal(lsb.T, np.sign(clipped) * np.floor(np.abs(clipped) + 0.5))
    assert lsb.dtype == np.int8


def test_halves_go_away_from_zero():
    assert synapse(torch.tensor([[0.5, 1.5, 2.5, -0.5, -2.5, 0.49]])).hardware_weights().T.tolist() == [
        [1, 2, 3, -1, -3, 0]
    ]


def test_shape_is_source_by_target():
    assert synapse(torch.zeros(3, 5)).hardware_weights().shape == (5, 3)


def test_transform_is_called_with_the_weight():
    syn = synapse(torch.tensor([[0.5, -2.0]]), transform=partial(linear_saturating, scale=10.0, max_weight=4.0))
    assert syn.hardware_weights().T.tolist() == [[4, -20]]


def test_linear_saturating():
    weight = torch.tensor([-2.0, -0.5, 0.1, 2.0])
    assert linear_saturating(weight, scale=50.0).tolist() == [-63, -25, 5, 63]
    assert linear_saturating(weight, 1.0, -1.0, 0.0).tolist() == [-1, -0.5, 0, 0]
    with pytest.raises(ValueError, match="min_weight"):
        linear_saturating(weight, 1.0, 1.0, -1.0)


def test_bad_transforms():
    weight = torch.tensor([[0.5, -2.0]])
    with pytest.raises(OperandRangeError, match="got -200 LSB after the transform, wanted -63 to 63"):
        synapse(weight, transform=lambda weight: 100 * weight).hardware_weights()
    with pytest.raises(TensorShapeError, match="transform"):
        synapse(weight, transform=lambda weight: weight.T).hardware_weights()
    with pytest.raises(TensorValueError, match="NaN"):
        synapse(weight, transform=lambda weight: weight / 0 * 0).hardware_weights()


@pytest.mark.parametrize("number", [torch.nan, torch.inf])
def test_weights_of_the_chip_are_finite_before_a_transform_clips_them(number):
    weight = torch.tensor([[0.5, -2.0], [number, 1.0]])
    with pytest.raises(TensorValueError, match=r"^weight of Synapse\(.*\): holds NaN .* the first is at \(1, 0\)"):
        synapse(weight, transform=linear_saturating).hardware_weights()


def test_first_weights_are_bounded_by_the_number_of_inputs():
    syn = hxsnn.Synapse(100, 50, hxsnn.Experiment(mock=True), dtype=torch.float64)
    assert syn.weight.dtype == torch.float64
    assert 0.08 < syn.weight.abs().max() <= 0.1
    before = syn.weight.clone()
    syn.reset_parameters()
    assert not torch.equal(syn.weight, before)


@pytest.mark.parametrize("given", [(0.3, 0.1), {"mean": -2.0, "std": 0.5}])
def test_weights_are_normal_if_mean_and_deviation_are_given(given):
    syn = hxsnn.Synapse(100, 100, hxsnn.Experiment(mock=True))
    torch.manual_seed(0)
    syn.reset_parameters(**given) if isinstance(given, dict) else syn.reset_parameters(*given)
    mean, std = given.values() if isinstance(given, dict) else given
    assert abs(syn.weight.mean() - mean) < 3.3 * std / 100
    assert abs(syn.weight.std() / std - 1) < 0.05


def test_weights_without_arguments_are_those_of_kaiming():
    syn = hxsnn.Synapse(30, 20, hxsnn.Experiment(mock=True))
    torch.manual_seed(5)
    syn.reset_parameters()
    torch.manual_seed(5)
    assert torch.equal(syn.weight, torch.nn.init.kaiming_uniform_(torch.empty(20, 30), a=5**0.5))


@pytest.mark.parametrize("make", [hxsnn.Synapse, lambda n, m, exp: hxsnn.SparseSynapse(torch.ones(n, m), exp)])
def test_synapses_have_changed_with_their_weight_until_a_run(make):
    exp = hxsnn.Experiment(mock=True)
    syn = make(2, 3, exp)
    assert syn.changed_since_last_run
    for _ in range(2):
        syn(hxsnn.NeuronHandle(torch.zeros(4, 1, 2)))
        hxsnn.run(exp, None)
        assert not syn.changed_since_last_run
        syn.weight.data.add_(1.0)
        assert syn.changed_since_last_run


def own_model(spikes, weight):
    return 2 * spikes @ weight.T


def own_transform(weight):
    return 7 * weight


INSTANCE = hxsnn.ExecutionInstance()


@pytest.mark.parametrize(
    ("positions", "wanted"),
    [
        ((), {}),
        ((INSTANCE,), {"execution_instance": INSTANCE}),
        ((INSTANCE, "chip", "cpu", torch.float64, own_transform),
         {"execution_instance": INSTANCE, "chip_coordinate": "chip", "dtype": torch.float64,
          "transform": own_transform}),
        ((own_model,), {"func": own_model}),
        ((own_model, INSTANCE, "cpu", torch.float64, own_transform),
         {"func": own_model, "execution_instance": INSTANCE, "dtype": torch.float64, "transform": own_transform}),
        ((own_model, torch.device("cpu"), torch.float64, own_transform),
         {"func": own_model, "dtype": torch.float64, "transform": own_transform}),
        ((own_model, None, None, own_transform), {"func": own_model, "transform": own_transform}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("sparse", [False, True])
def test_positions_of_both_generations_are_told_by_type(positions, wanted, sparse):
    exp = hxsnn.Experiment()
    first = (torch.ones(3, 2), exp) if sparse else (3, 2, exp)
    syn = (hxsnn.SparseSynapse if sparse else hxsnn.Synapse)(*first, *positions)
    default = hxsnn.functional.linear_sparse if sparse else hxsnn.functional.linear
    assert syn.func is wanted.get("func", default)
    assert syn.execution_instance is wanted.get("execution_instance")
    assert syn.chip_coordinate == wanted.get("chip_coordinate")
    assert syn.weight.dtype == wanted.get("dtype", torch.float32)
    assert syn.weight_transform is wanted.get("transform", linear_saturating)


def test_what_is_no_execution_instance_is_refused():
    with pytest.raises(ParameterError, match="execution_instance: got str"):
        hxsnn.Synapse(3, 2, hxsnn.Experiment(mock=True), "cpu")


class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, spikes, weight):
        ctx.save_for_backward(spikes)
        return 2 * spikes @ weight.T

    @staticmethod
    def backward(ctx, grad):
        (spikes,) = ctx.saved_tensors
        return None, 10 * grad.flatten(0, 1).T @ spikes.flatten(0, 1)


@pytest.mark.parametrize("func", [own_model, Doubled])
def test_model_of_the_synapse_may_be_a_function_or_an_autograd_function(func):
    exp = hxsnn.Experiment(mock=True)
    syn = hxsnn.Synapse(3, 2, exp, func)
    y = syn(hxsnn.NeuronHandle(torch.ones(4, 1, 3)))
    hxsnn.run(exp, None)
    torch.testing.assert_close(y.graded_spikes, (2 * syn.weight.sum(1)).expand(4, 1, 2))
    y.graded_spikes.sum().backward()
    torch.testing.assert_close(syn.weight.grad, torch.full((2, 3), 40.0 if func is Doubled else 8.0))


def test_weights_that_round_to_zero_on_the_chip_are_said_once():
    syn = hxsnn.Synapse(100, 8, hxsnn.Experiment())
    with pytest.warns(SilentLayerWarning, match=r"Synapse\(in_features=100.*0 LSB.*linear_saturating, scale=6\d\d\)"):
        assert not syn.hardware_weights().any()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        syn.hardware_weights()
        torch.nn.init.zeros_(hxsnn.Synapse(100, 8, hxsnn.Experiment()).weight)
        zero = synapse(torch.zeros(3, 2))
        assert not zero.hardware_weights().any()  # which is what was asked for


def test_the_line_that_is_written_for_silent_weights_helps():
    torch.manual_seed(1)
    syn = hxsnn.Synapse(100, 8, hxsnn.Experiment())
    with pytest.warns(SilentLayerWarning) as said:
        syn.hardware_weights()
    scale = float(str(said[0].message).split("scale=")[1].split(")")[0])
    syn.weight_transform = partial(linear_saturating, scale=scale)
    assert 62 <= np.abs(syn.hardware_weights()).max() <= 63


def test_weights_that_are_clipped_are_said_once():
    syn = synapse(torch.linspace(-200, 200, 40)[None])
    with pytest.warns(ParameterWarning, match=r"28 of 40 weights are clipped to 63 LSB.*scale=0\.315\)"):
        syn.hardware_weights()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        syn.hardware_weights()
        synapse(torch.full((3, 4), 63.0)).hardware_weights()  # at the bound, not beyond it
        synapse(torch.tensor([[80.0] + 39 * [5.0]])).hardware_weights()  # one in forty


def test_signed_synapses_are_named_as_excitatory_and_inhibitory():
    builder = NetworkBuilder()
    pre, post = builder.add(ExternalPopulation(2)), builder.add(Population(np.arange(3)))
    names = synapse(torch.ones(3, 2)).add_to_network_graph(pre, post, builder)
    assert len(names) == 2


def test_plasticity_rules_are_taken_and_refused_on_the_chip():
    builder = NetworkBuilder()
    pre, post = builder.add(ExternalPopulation(2)), builder.add(Population(np.arange(3)))
    syn = hxsnn.Synapse(2, 3, hxsnn.Experiment(), plasticity_rule=object())
    with pytest.raises(ExperimentError, match="plasticity processors come in a later version"):
        syn.add_to_network_graph(pre, post, builder)
