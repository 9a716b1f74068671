"""Reference: convolutions are torch's, tile by tile saturated where one tile holds a patch."""

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings

import hxtorch.perceptron as hxp


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
