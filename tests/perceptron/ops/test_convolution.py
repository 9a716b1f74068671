"""Reference: convolutions are torch's, tile by tile saturated where one tile holds a patch."""

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings

import hxtorch.perceptron as hxp
from hxtorch.core import current_session, open_session
from hxtorch.perceptron.errors import OperandShapeError
from hxtorch.perceptron.ops.convolutions.geometry import Geometry
from hxtorch.perceptron.ops.mac import multiply


def exact(x, weight, axes, **options):
    """Formula of the mock model without noise for patches of at most 128 values."""
    reference = getattr(torch.nn.functional, f"conv{axes}d")
    return (2**-9 * reference(x.double(), weight.double(), **options)).floor().clamp(-128, 127).float()


geometry = st.fixed_dictionaries(
    {"stride": st.integers(1, 4), "dilation": st.integers(1, 3), "groups": st.sampled_from([1, 2, 4])}
)


@settings(max_examples=60)
@given(geometry, st.integers(1, 4), st.integers(1, 8), st.integers(10, 20), st.integers(0, 3), st.integers(0, 2**32))
def test_convolutions_agree_with_torch(options, kernel, num_expansions, length, batch, seed):
    torch.manual_seed(seed)
    hxp.set_mock_parameter(hxp.MockParameter(noise_std=0.0, gain=2**-9))
    shape = (batch, 4) if batch else (4,)
    x = torch.randint(0, 32, (*shape, length)).float()
    weight = torch.randint(-63, 64, (8, 4 // options["groups"], kernel)).float()
    wanted = exact(x, weight, 1, **options)
    assert torch.equal(hxp.conv1d(x, weight, mock=True, **options), wanted)
    if (
        num_expansions * kernel * 4 <= 128
        and (num_expansions * options["stride"] + kernel * options["dilation"]) * 4 <= 128
    ):
        expanded = hxp.expanded_conv1d(x, weight, num_expansions=num_expansions, mock=True, **options)
        assert torch.equal(expanded, wanted)
    images = torch.randint(0, 32, (*shape, length, 11)).float()
    weight = torch.randint(-63, 64, (8, 4 // options["groups"], kernel, 3)).float()
    assert torch.equal(hxp.conv2d(images, weight, mock=True, **options), exact(images, weight, 2, **options))


def test_stride_and_dilation_differ_between_axes(silent):
    x, weight = torch.randint(0, 32, (2, 3, 15, 17)).float(), torch.randint(-63, 64, (5, 3, 2, 4)).float()
    options = {"stride": (2, 3), "dilation": (3, 1)}
    assert torch.equal(hxp.conv2d(x, weight, mock=True, **options), exact(x, weight, 2, **options))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("mock", [True, False])
def test_a_batch_may_be_empty_as_torchs(silent, mock, dtype):
    weight = torch.ones(4, 1, 2, 2, dtype=dtype, requires_grad=True)
    with open_session(fidelity="ideal"):
        result = hxp.conv2d(torch.ones(0, 2, 5, 4, dtype=dtype), weight, groups=2, mock=mock)
        assert result.shape == (0, 4, 4, 3)
        result.sum().backward()
    assert not weight.grad.any()
    with pytest.raises(OperandShapeError, match="none but the batch empty"):
        hxp.conv2d(torch.ones(1, 1, 0, 4), torch.ones(4, 1, 2, 2), mock=mock)


@pytest.mark.parametrize("name", ["conv1d", "expanded_conv1d", "conv2d"])
def test_bias_is_added_to_each_channel_and_saturates(silent, name):
    axes = 2 if name == "conv2d" else 1
    x, weight = torch.ones(2, 1, *[6] * axes), torch.zeros(3, 1, *[2] * axes)
    result = getattr(hxp, name)(x, weight, torch.tensor([1.5, -200.0, 200.0]), mock=True)
    assert [result[:, channel].unique().tolist() for channel in range(3)] == [[1.5], [-128.0], [127.0]]


def test_expansion_runs_fewer_and_larger_products(silent, monkeypatch):
    from hxtorch.perceptron.ops.convolutions import convolve

    shapes = []
    multiply = convolve.multiply

    def spy(x, weights, *rest):
        shapes.append((tuple(x.shape), tuple(weights.shape)))
        return multiply(x, weights, *rest)

    monkeypatch.setattr(convolve, "multiply", spy)
    x, weight = torch.ones(2, 3, 22), torch.ones(4, 3, 5)
    hxp.expanded_conv1d(x, weight, stride=2, num_expansions=4, mock=True)
    assert shapes == [((1, 2 * 3, 3 * (5 + 3 * 2)), (1, 3 * (5 + 3 * 2), 4 * 4))]  # 9 positions in 3 vectors a sample


def unfolded(images, weight, geometry, mock):
    """The same convolution by a product with a copy of all patches."""
    return geometry.images(multiply(geometry.vectors(images), geometry.matrices(weight), 2, 5, mock))


@pytest.mark.parametrize("mock", [True, False])
@pytest.mark.parametrize(
    ("channels", "lengths", "kernel", "stride", "dilation", "groups"),
    [
        (1, (28, 28), (5, 5), (1, 1), (1, 1), 1),
        (16, (8, 9), (3, 3), (1, 2), (2, 1), 1),
        (4, (11, 6), (2, 3), (3, 1), (1, 2), 2),
        (3, (40,), (7,), (2,), (3,), 1),
        (6, (9,), (1,), (4,), (1,), 3),
    ],
)
def test_gathered_rows_give_the_bytes_of_unfolded_ones(
    ideal, mock, channels, lengths, kernel, stride, dilation, groups
):
    images = torch.randint(0, 32, (3, channels, *lengths)).float()
    weight = torch.randint(-63, 64, (12, channels // groups, *kernel)).float()
    convolution = hxp.conv2d if len(lengths) == 2 else hxp.conv1d
    results = []
    for run in (
        lambda: convolution(images, weight, None, stride, 2, mock=mock, dilation=dilation, groups=groups),
        lambda: unfolded(images, weight, Geometry(lengths, kernel, stride, dilation, groups), mock),
    ):
        torch.manual_seed(7)
        current_session().connection.run_counter = 0
        results.append(run())
    assert torch.equal(*results)


def test_a_unit_that_gathers_no_rows_gets_unfolded_programs(ideal, monkeypatch):
    images, weight = torch.randint(0, 32, (3, 2, 9, 9)).float(), torch.randint(-63, 64, (5, 2, 4, 3)).float()
    gathered = hxp.conv2d(images, weight)
    unit, programs = type(current_session().connection.matrix), []
    run = unit.run
    monkeypatch.setattr(unit, "gathers_rows", False)
    monkeypatch.setattr(unit, "run", lambda self, program: programs.append(program) or run(self, program))
    assert torch.equal(hxp.conv2d(images, weight), gathered)
    assert programs[0].patches is None
    assert programs[0].activations.shape == (3 * 6 * 7, 2 * 4 * 3)


@pytest.mark.parametrize("per_column", [False, True])
def test_gradients_of_convolutions_are_those_of_the_linear_model(per_column):
    gain = 0.001 + 0.001 * torch.rand(2, 256) if per_column else 0.002
    hxp.set_mock_parameter(hxp.MockParameter(noise_std=0.0, gain=gain))
    x = torch.randint(0, 32, (2, 4, 9, 8)).float().requires_grad_()
    weight = torch.randint(-63, 64, (6, 2, 3, 2)).float().requires_grad_()
    geometry = Geometry((9, 8), (3, 2), (2, 1), (1, 3), 2)
    kind = {"stride": (2, 1), "dilation": (1, 3), "groups": 2}
    toward = torch.randn(2, 6, *geometry.positions)
    gathered = torch.autograd.grad((hxp.conv2d(x, weight, num_sends=2, mock=True, **kind) * toward).sum(), (x, weight))
    wanted = torch.autograd.grad((unfolded(x, weight, geometry, True) * toward).sum(), (x, weight))
    for one, two in zip(gathered, wanted, strict=True):
        torch.testing.assert_close(one, two)
