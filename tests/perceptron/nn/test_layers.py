"""Contract of the layers: torch's layers on the chip, in state, shape and text."""

import copy
import math
import warnings

import pytest
import torch

import hxtorch.perceptron as hxp
import hxtorch.perceptron.nn as hxnn
from hxtorch.core import HXTorchError
from hxtorch.perceptron.errors import ScaleWarning

PAIRS = [
    (hxnn.Linear, torch.nn.Linear, (6, 4), {}, (3, 6)),
    (hxnn.Linear, torch.nn.Linear, (6, 4), {"bias": False}, (2, 3, 6)),
    (hxnn.Conv1d, torch.nn.Conv1d, (4, 6, 3), {"stride": 2, "dilation": 2, "groups": 2}, (2, 4, 12)),
    (hxnn.Conv1d, torch.nn.Conv1d, (4, 6, 4), {"padding": "same", "padding_mode": "circular"}, (2, 4, 12)),
    (hxnn.ExpandedConv1d, torch.nn.Conv1d, (4, 6, 3), {"stride": 2, "padding": 3}, (2, 4, 12)),
    (hxnn.Conv2d, torch.nn.Conv2d, (3, 5, (2, 4)), {"stride": (1, 2), "padding": (3, 2)}, (2, 3, 9, 11)),
    (hxnn.Conv2d, torch.nn.Conv2d, (3, 5, 3), {"padding": 1, "padding_mode": "reflect"}, (3, 9, 11)),
    (
        hxnn.Conv2d,
        torch.nn.Conv2d,
        (3, 5, 3),
        {"padding": 2, "padding_mode": "replicate", "bias": False},
        (1, 3, 9, 11),
    ),
]


@pytest.mark.parametrize(("layer", "counterpart", "sizes", "options", "shape"), PAIRS)
def test_a_layer_is_its_torch_counterpart_times_gain(silent, layer, counterpart, sizes, options, shape):
    ours, theirs = layer(*sizes, num_sends=3, mock=True, **options), counterpart(*sizes, **options)
    assert isinstance(ours, counterpart)
    with torch.no_grad():
        for parameter in ours.parameters():
            parameter.copy_(torch.randint(-9, 10, parameter.shape))
    theirs.load_state_dict(ours.state_dict(), strict=False)  # which has no num_sends
    x = torch.randint(0, 32, shape).float()
    bias, theirs.bias = theirs.bias, None
    linear = (3 * silent * theirs(x)).floor()
    if bias is not None:
        linear = linear + (bias if layer is hxnn.Linear else bias.reshape(-1, *[1] * (len(theirs.kernel_size))))
    torch.testing.assert_close(ours(x), linear, rtol=0, atol=0)


@pytest.mark.parametrize(("layer", "counterpart", "sizes", "options", "shape"), PAIRS)
def test_state_moves_between_mock_chip_and_torch(layer, counterpart, sizes, options, shape):
    mock, chip, theirs = layer(*sizes, mock=True, **options), layer(*sizes, **options), counterpart(*sizes, **options)
    assert list(mock.state_dict()) == [*theirs.state_dict(), "num_sends", "wait_between_events"]
    for source, target in ((theirs, mock), (mock, chip), (chip, theirs)):
        target.load_state_dict(source.state_dict(), strict=target is not theirs)
        assert all(torch.equal(a, b) for a, b in zip(source.parameters(), target.parameters(), strict=True))


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (hxnn.Linear(3, 2, num_sends=1), "Linear(in_features=3, out_features=2, bias=True)"),
        (
            hxnn.Linear(3, 2, False, 4, 2, True, avg=3),
            "Linear(in_features=3, out_features=2, bias=False, avg=3, num_sends=4, wait_between_events=2, mock=True)",
        ),
        (
            hxnn.Linear(3, 2, num_sends=1, input_transform=hxnn.scale_input, weight_transform=None),
            "Linear(in_features=3, out_features=2, bias=True, input_transform=scale_input, weight_transform=None)",
        ),
        (hxnn.Conv2d(1, 2, 3, 2, num_sends=1), "Conv2d(1, 2, kernel_size=(3, 3), stride=(2, 2))"),
        (
            hxnn.ExpandedConv1d(1, 2, 3, num_sends=1, num_expansions=4, mock=True),
            "ExpandedConv1d(1, 2, kernel_size=(3,), stride=(1,), num_expansions=4, mock=True)",
        ),
        (
            hxnn.ExpandedConv1d(1, 2, 3, num_sends=1, num_expansions=1),
            "ExpandedConv1d(1, 2, kernel_size=(3,), stride=(1,), num_expansions=1)",
        ),
        (hxnn.ReLU(), "ReLU()"),
        (hxnn.ReLU(mock=True), "ReLU(mock=True)"),
        (hxnn.ConvertingReLU(), "ConvertingReLU()"),
        (hxnn.ConvertingReLU(1, mock=True), "ConvertingReLU(shift=1, mock=True)"),
    ],
)
def test_repr_shows_what_is_not_default(layer, text):
    assert repr(layer) == text


@pytest.mark.parametrize("features", [1, 20, 128, 784, 5000])
@pytest.mark.parametrize("relu_shift", [1, 2])
def test_initialisation_finds_the_number_of_sends_that_keeps_activations_in_range(features, relu_shift):
    layer = hxnn.Linear(features, 400, mock=True)
    layer.reset_parameters(relu_shift=relu_shift)
    assert layer.weight.abs().max() <= 63
    assert 0 < layer.bias.abs().max() <= 1 / math.sqrt(features)
    deviation = math.sqrt(2 / features) * 2**relu_shift / 0.002
    assert layer.num_sends == max(1, math.ceil(deviation / 21))
    if features < 20:
        return
    hxp.set_mock_parameter(hxp.MockParameter(noise_std=0.1))
    x = torch.randint(0, 32, (300, features)).float()
    activations = hxp.converting_relu(layer(x), relu_shift, mock=True)
    ratio = activations.square().mean() / x.square().mean()
    assert 0.3 < ratio < 1.3, ratio  # the rails take a part of what the formula keeps


def test_initialisation_keeps_a_number_of_sends_that_was_given_and_shifts_the_mean():
    layer = hxnn.Linear(500, 400, num_sends=2, mock=True)
    assert layer.num_sends == 2
    layer.reset_parameters(weight_mean=20.0)
    assert layer.num_sends == 2
    assert abs(layer.weight.mean().item() - 20) < 0.5
    assert layer.weight.abs().max() <= 63


@pytest.mark.parametrize("avg", [2, 3])
def test_each_output_is_the_mean_of_its_own_columns(avg):
    hxp.set_mock_parameter(hxp.MockParameter(noise_std=0.0))
    single, averaged = (hxnn.Linear(40, 5, False, num_sends=2, mock=True, avg=copies) for copies in (1, avg))
    averaged.load_state_dict(single.state_dict())
    x = torch.arange(80.0).reshape(2, 40) % 32
    wanted = single(x)
    assert wanted.unique().numel() > 5
    assert torch.equal(averaged(x), wanted)


def test_averaging_lowers_the_noise_and_keeps_the_mean():
    single, averaged = (hxnn.Linear(9, 200, False, num_sends=1, mock=True, avg=avg) for avg in (1, 16))
    with torch.no_grad():
        single.weight.fill_(63.0)
    averaged.load_state_dict(single.state_dict())
    x = torch.full((200, 9), 20.0)
    few, many = single(x), averaged(x)
    assert many.shape == few.shape
    assert abs(many.mean() - few.mean()) < 0.05
    assert 0.22 < many.std() / few.std() < 0.28
    averaged(x).sum().backward()
    torch.testing.assert_close(averaged.weight.grad, torch.full((200, 9), 0.002 * 20 * 200))


def test_transforms_come_before_the_checks_and_the_default_clamps_the_parameter_itself():
    layer = hxnn.Linear(4, 3, num_sends=1, mock=True, input_transform=hxnn.scale_input)
    with torch.no_grad():
        layer.weight.fill_(100.0)
    with pytest.warns(ScaleWarning, match="12 of 12 weights are clipped to 63"):
        assert layer(torch.full((4,), 1000.0)).shape == (3,)
    assert (layer.weight == 63).all()
    scaled = hxnn.Linear(4, 3, num_sends=1, mock=True, weight_transform=hxnn.scale_weight)
    with torch.no_grad():
        scaled.weight.fill_(1e-3)
    scaled(torch.full((4,), 10.0))
    assert (scaled.weight == 1e-3).all()


def test_a_layer_used_twice_has_its_gradient():
    layer = hxnn.Linear(4, 4, num_sends=1, mock=True)
    hxp.converting_relu(layer(layer(torch.full((2, 4), 9.0)).clamp(0, 31)), mock=True).sum().backward()
    assert layer.weight.grad is not None


def test_modules_serve_as_transforms():
    class Scale(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.factor = torch.nn.Parameter(torch.tensor(2.0))

        def forward(self, x):
            return x * self.factor

    layer = hxnn.Linear(4, 3, mock=True, input_transform=Scale())
    layer(torch.ones(4)).sum().backward()
    assert layer.input_transform.factor.grad is not None
    assert "input_transform.factor" in layer.state_dict()


def test_layers_copy_and_train():
    layer = hxnn.Linear(8, 4, mock=True)
    other = copy.deepcopy(layer)
    assert repr(other) == repr(layer)
    x, target = torch.randint(0, 32, (64, 8)).float(), torch.randint(-40, 40, (1, 4)).float().expand(64, 4)
    optimizer = torch.optim.Adam(layer.parameters(), lr=1.0)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(layer(x), target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]


def test_own_layers_build_on_the_base_classes():
    class Twice(hxnn.Layer):
        def forward(self, x):
            return hxp.add(x, x, mock=self.mock)

    assert Twice(mock=True)(torch.tensor([3.0])).tolist() == [6.0]
    assert repr(Twice(mock=True)) == "Twice(mock=True)"

    class Diagonal(hxnn.MACLayer):
        def __init__(self, size):
            super().__init__(num_sends=2, mock=True)
            self.weight = torch.nn.Parameter(torch.ones(size))
            self.bias = None

        def forward(self, x):
            return hxp.matmul(x, torch.diag(self.weight), self.num_sends, mock=self.mock)

    layer = Diagonal(3)
    layer.reset_parameters()
    assert layer(torch.ones(3)).shape == (3,)


@pytest.mark.parametrize("zeros", [torch.zeros(3), torch.zeros(0), -torch.ones(2)])
def test_scaling_leaves_what_has_no_scale(zeros):
    assert torch.equal(hxnn.scale_input(zeros), zeros)
    if not zeros.any():
        assert torch.equal(hxnn.scale_weight(zeros), zeros)


@pytest.mark.parametrize("scale", [hxnn.scale_input, hxnn.scale_weight])
def test_what_has_no_scale_has_the_gradient_of_the_identity(scale):
    zeros = torch.zeros(3, requires_grad=True)
    scale(zeros).sum().backward()
    assert zeros.grad.tolist() == [1.0, 1.0, 1.0]


def test_scaling_reaches_the_ranges():
    assert hxnn.scale_input(torch.tensor([-1.0, 4.0])).tolist() == [-7.75, 31.0]
    assert hxnn.scale_weight(torch.tensor([-4.0, 1.0])).tolist() == [-63.0, 15.75]
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    hxnn.scale_input(x).sum().backward()
    assert x.grad is not None


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ({"in_channels": 1, "out_channels": 14, "kernel_size": 43, "stride": 2}, 18),
        ({"in_channels": 1, "out_channels": 4, "kernel_size": 5}, 64),
        ({"in_channels": 1, "out_channels": 2, "kernel_size": 100}, 29),
        ({"in_channels": 4, "out_channels": 4, "kernel_size": 5}, 28),
        ({"in_channels": 1, "out_channels": 300, "kernel_size": 5}, 1),
        ({"in_channels": 8, "out_channels": 8, "kernel_size": 5, "groups": 8}, 124),
    ],
)
def test_expansions_fill_the_array_unless_said(arguments, wanted):
    assert hxnn.ExpandedConv1d(**arguments, mock=True).num_expansions == wanted


def test_expansions_that_fill_the_array_give_the_values_of_one_kernel(silent):
    torch.manual_seed(0)
    many = hxnn.ExpandedConv1d(2, 5, 7, stride=3, padding=2, num_sends=9, mock=True)
    one = hxnn.ExpandedConv1d(2, 5, 7, stride=3, padding=2, num_sends=9, mock=True, num_expansions=1)
    one.load_state_dict(many.state_dict())
    x = torch.randint(0, 32, (3, 2, 50)).float()
    assert many.num_expansions > 1
    assert torch.equal(many(x), one(x))


def test_checkpoint_gives_the_same_outputs_under_another_gain():
    torch.manual_seed(0)
    layers = []
    for gain in (0.0019, 0.004):
        hxp.set_mock_parameter(hxp.MockParameter(noise_std=0.0, gain=gain))
        layers.append(torch.nn.Sequential(hxnn.Linear(128, 10, bias=False, mock=True)))
    assert layers[0][0].num_sends != layers[1][0].num_sends
    layers[1].load_state_dict({name: value.clone() for name, value in layers[0].state_dict().items()})
    x = torch.randint(0, 32, (4, 128)).float()
    assert torch.equal(layers[0](x), layers[1](x))
    assert type(layers[1][0].num_sends) is int


@pytest.mark.parametrize("name", ["num_sends", "wait_between_events"])
def test_checkpoint_with_other_sends_than_the_layers_is_refused(name):
    one, other = (torch.nn.Sequential(hxnn.Linear(8, 4, mock=True, **{name: count})) for count in (3, 6))
    other.load_state_dict(other.state_dict())
    with pytest.raises(RuntimeError, match=rf"0\.{name}: got 3 .* {name}=6 .* write {name}=3, or remove"):
        other.load_state_dict(one.state_dict())


def test_checkpoint_without_a_number_of_sends_loads():
    layer = hxnn.Conv1d(1, 2, 3, mock=True)
    sends = layer.num_sends
    layer.load_state_dict(torch.nn.Conv1d(1, 2, 3).state_dict())
    assert layer.num_sends == sends


def test_inputs_between_zero_and_one_are_said_once():
    layer = hxnn.Linear(8, 4, num_sends=1, mock=True)
    layer(torch.zeros(3, 8))  # says nothing about units
    with pytest.warns(
        ScaleWarning, match=r"Linear\(in_features=8.*0 or 1 of 31 LSB; write input_transform=scale_input"
    ):
        layer(torch.rand(3, 8))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer(torch.rand(3, 8))
        hxnn.Linear(8, 4, num_sends=1, mock=True, input_transform=hxnn.scale_input)(torch.rand(3, 8))
        hxnn.Linear(8, 4, num_sends=1, mock=True)((torch.rand(3, 8) < 0.5).float())  # zeros and ones are meant


def test_weights_that_round_to_zero_are_said_once_and_again_after_loading():
    layer = hxnn.Linear(8, 4, num_sends=1, mock=True)
    state = torch.nn.Linear(8, 4).state_dict()
    for _ in range(2):
        layer.load_state_dict(state)
        with pytest.warns(ScaleWarning, match=r"all weights round to 0.*weight_transform=scale_weight"):
            layer(torch.full((8,), 9.0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer(torch.full((8,), 9.0))
        scaled = hxnn.Linear(8, 4, num_sends=1, mock=True, weight_transform=hxnn.scale_weight)
        scaled.load_state_dict(state)
        scaled(torch.full((8,), 9.0))


def test_a_checkpoint_of_another_shift_is_refused():
    saved, own = torch.nn.Sequential(hxnn.ConvertingReLU(3)), torch.nn.Sequential(hxnn.ConvertingReLU(1))
    state = saved.state_dict()
    with pytest.raises(RuntimeError, match=r"0\.shift: got 3 in the checkpoint and shift=1 .* write shift=3"):
        own.load_state_dict(state)
    assert list(state) == ["0.shift"]
    own.load_state_dict({})
    own[0].shift = 3
    own.load_state_dict(state)


@pytest.mark.parametrize("name", ["num_sends", "wait_between_events", "avg"])
@pytest.mark.parametrize("value", [0, -1, 2.5, float("nan"), None, "2", True, torch.ones(2)])
def test_counts_are_looked_at_whenever_they_are_set(name, value):
    layer = hxnn.Linear(4, 3, mock=True)
    with pytest.raises(HXTorchError, match=name):
        setattr(layer, name, value)
    setattr(layer, name, 2)
    assert layer(torch.ones(2, 4)).shape == (2, 3)
