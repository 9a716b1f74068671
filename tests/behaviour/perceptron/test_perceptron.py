"""Operations and layers of the perceptron have the arguments, numbers and defaults of the documents."""

import inspect

import pytest
import torch

import hxtorch.perceptron as hxp
from hxtorch.perceptron import constants, nn

RECORD = "madc_recording_neuron_id madc_recording_path"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("mac", f"x weights num_sends wait_between_events mock {RECORD}"),
        ("matmul", f"input other num_sends wait_between_events mock {RECORD}"),
        ("add", "input other alpha mock"),
        ("argmax", "input dim keepdim mock"),
        ("conv1d", "input weight bias stride num_sends wait_between_events mock"),
        ("conv2d", "input weight bias stride num_sends wait_between_events mock"),
        ("expanded_conv1d", "input weight bias stride num_expansions num_sends wait_between_events mock"),
        ("relu", "input mock"),
        ("converting_relu", "input shift mock"),
        ("inference_trace", "input filename"),
        ("set_mock_parameter", "parameter"),
    ],
)
def test_positions(name, wanted):
    have = list(inspect.signature(getattr(hxp, name)).parameters)
    assert have[: len(wanted.split())] == wanted.split()


def test_mock_parameters_are_noise_then_gain():
    parameter = hxp.MockParameter(1.0, 0.002)
    assert (parameter.noise_std, parameter.gain) == (1.0, 0.002)
    assert 0 < hxp.get_mock_parameter().gain <= 1


def test_operations_in_mock_mode():
    hxp.set_mock_parameter(hxp.MockParameter(0.0, 0.002))
    y = hxp.matmul(torch.full((100,), 15.0), torch.full((100, 10), 21.0), mock=True)
    hxp.set_mock_parameter(hxp.MockParameter())
    assert y.tolist() == [63.0] * 10  # 100 * 15 * 21 * 0.002
    assert torch.equal(hxp.add(y, 0 * y, mock=True), y)
    assert torch.equal(hxp.relu(-y, mock=True), 0 * y)
    assert hxp.converting_relu(y, 2, mock=True).tolist() == [15.0] * 10
    assert int(hxp.argmax(torch.tensor([1.0, 7.0, 3.0]), mock=True)) == 1


def test_the_membrane_adc_is_not_recorded_in_mock_mode(tmp_path):
    with pytest.raises(RuntimeError, match="mock"):
        hxp.mac(torch.ones(2), torch.ones(2, 2), mock=True, madc_recording_path=str(tmp_path / "x.csv"))


@pytest.mark.parametrize(
    "name", ["Conv1d", "Conv2d", "ExpandedConv1d", "Linear", "MACLayer", "ReLU", "ConvertingReLU", "Layer", "ConvNd"]
)
def test_a_layer_is_a_class(name):
    assert issubclass(getattr(nn, name), nn.Layer)


def test_weights_are_clamped_in_place():
    weight = torch.tensor([-80.0, 3.0, 80.0])
    nn.clamp_weight_(weight)
    assert weight.tolist() == [-63, 3, 63]


def test_inputs_and_weights_are_scaled_to_their_ranges():
    assert float(nn.scale_input(torch.rand(20)).max()) == pytest.approx(31)
    assert float(nn.scale_weight(torch.randn(20)).abs().max()) == pytest.approx(63)


@pytest.mark.parametrize(("arguments", "wanted"), [((1, 14, 43, 2), 18), ((1, 4, 5, 1), 64)])
def test_as_many_expansions_as_fit(arguments, wanted):
    layer = nn.ExpandedConv1d(*arguments, mock=True)
    assert layer.num_expansions == wanted
    assert "num_expansions" in layer.extra_repr()


def test_a_linear_layer_averages_and_transforms():
    layer = nn.Linear(8, 4, mock=True, avg=2, input_transform=nn.scale_input, weight_transform=nn.scale_weight)
    assert layer(torch.rand(3, 8)).shape == (3, 4)


def test_reset_takes_a_mean_and_a_shift_and_gives_a_bias():
    layer = nn.Linear(8, 4, mock=True)
    layer.reset_parameters(3.0, 2)
    assert (layer.bias != 0).any()
    assert float(layer.weight.detach().mean()) > 0


def test_layers_without_weights_know_mock_mode():
    assert nn.ReLU(mock=True).mock


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("hardware_matrix_height", 128),
        ("hardware_matrix_width", 256),
        ("input_activation_max", 31),
        ("input_activation_min", 0),
        ("output_activation_max", 127),
        ("output_activation_min", -128),
        ("synaptic_weight_max", 63),
        ("synaptic_weight_min", -63),
    ],
)
def test_a_constant_of_the_chip(name, wanted):
    assert getattr(constants, name) == wanted


@pytest.mark.parametrize(("name", "wanted"), [("gain", 0.002), ("noise_std", 2.0)])
def test_a_default(name, wanted):
    assert getattr(constants.defaults, name) == wanted
    assert constants.defaults.wait_between_events > 0


def test_a_tracer_gives_the_names_of_what_ran(ann_chip, tmp_path):
    path = str(tmp_path / "trace")
    tracer = hxp.InferenceTracer(path)
    tracer.start()
    y = hxp.matmul(torch.ones(1, 4), torch.ones(4, 3))
    hxp.relu(y)
    assert list(tracer.stop()) == ["mac", "relu"]
    assert hxp.inference_trace(torch.ones(2, 4), path).shape == (2, 3)


def test_operations_kept_in_a_class_do_not_bind_it():
    class Mine:
        matmul = hxp.matmul

    assert Mine().matmul(torch.ones(2, 5), torch.ones(5, 3), mock=True).shape == (2, 3)
