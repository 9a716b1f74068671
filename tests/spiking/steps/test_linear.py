"""Synapses of the model beside the dense product."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hxtorch.spiking.errors import ParameterError, TensorShapeError
from hxtorch.spiking.functional import batch_dropout, linear_exponential_clamp, linear_sparse
from hxtorch.spiking.functional.linear import WeightRounding


@given(st.integers(1, 5), st.integers(1, 4), st.integers(1, 6), st.integers(1, 7), st.integers(0, 99))
@settings(max_examples=40)
def test_sparse_product_and_its_gradients_are_those_of_the_dense_one(steps, batch, sources, targets, seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(steps, batch, sources, generator=generator, dtype=torch.float64, requires_grad=True)
    mask = torch.rand(sources, targets, generator=generator) < 0.4
    weight = torch.randn(sources, targets, generator=generator, dtype=torch.float64)
    bias = torch.randn(targets, generator=generator, dtype=torch.float64, requires_grad=True)
    values = weight[mask].requires_grad_()
    dense = torch.zeros_like(weight).masked_scatter(mask, values)
    got = linear_sparse(x, values, mask.to_sparse(), bias)
    law = x @ dense + bias
    torch.testing.assert_close(got, law)
    loss = torch.randn(got.shape, generator=generator, dtype=torch.float64)
    gradients = [torch.autograd.grad((loss * y).sum(), (x, values, bias)) for y in (got, law)]
    for gradient, wanted in zip(*gradients, strict=True):
        torch.testing.assert_close(gradient, wanted)


def test_weights_may_be_a_sparse_tensor():
    x = torch.rand(3, 2, 4, generator=torch.Generator().manual_seed(0))
    weight = torch.tensor([[0, 1.0, 0], [2.0, 0, 0], [0, 0, 0], [0, 3.0, -1.0]])
    torch.testing.assert_close(linear_sparse(x, weight.to_sparse()), x @ weight)


def test_sparse_product_takes_no_memory_for_pairs_without_synapse():
    size = 300_000  # a dense matrix would have 360 GB
    index = torch.arange(size)
    values = torch.ones(size, requires_grad=True)
    pattern = torch.stack([index, index.flip(0)])
    connections = torch.sparse_coo_tensor(pattern, torch.ones(size), (size, size), check_invariants=True)
    x = torch.arange(float(size)).reshape(1, 1, size).requires_grad_()
    y = linear_sparse(x, values, connections)
    assert torch.equal(y.flatten(), x.flatten().flip(0))
    y.sum().backward()
    assert torch.equal(values.grad, x.detach().flatten())
    assert torch.equal(x.grad, torch.ones_like(x))


def test_gradient_of_many_rows_is_the_sum_over_blocks(monkeypatch):
    monkeypatch.setattr("hxtorch.spiking.functional.synapses.sparse._BLOCK", 7)
    x = torch.rand(3, 2, 4, dtype=torch.float64)
    mask = torch.rand(4, 5) < 2
    values = torch.rand(20, dtype=torch.float64, requires_grad=True)
    linear_sparse(x, values, mask.to_sparse()).sum().backward()
    torch.testing.assert_close(values.grad, x.sum((0, 1)).repeat_interleave(5))


def test_sparse_weights_that_do_not_fit():
    connections = torch.ones(4, 3).to_sparse()
    for arguments, message in (
        ((torch.ones(2, 2, 5), torch.ones(12), connections), "with 5 inputs"),
        ((torch.ones(2, 2, 4), torch.ones(11), connections), "one per synapse, 12"),
        ((torch.ones(2, 2, 4), torch.ones(12)), "wanted them beside one weight per synapse"),
        ((torch.ones(2, 2, 4), torch.ones(3, 4), torch.ones(4, 3)), "wanted that of the weight"),
    ):
        with pytest.raises(TensorShapeError, match=message):
            linear_sparse(*arguments)


def test_dense_weights_count_where_the_mask_is_true():
    mask = torch.tensor([[True, False], [False, True], [True, True]])
    weight = torch.nn.Parameter(torch.ones(3, 2))
    x = torch.ones(1, 1, 2)
    y = linear_sparse(x, weight, mask, torch.tensor([0.0, 10.0, 0.0]))
    assert y.tolist() == [[[1, 11, 2]]]
    assert torch.equal(weight != 0, mask)  # in the weight itself
    y.sum().backward()
    assert torch.equal(weight.grad, mask.float())
    for kind in (mask.float(), mask.to_sparse()):
        assert torch.equal(linear_sparse(x, torch.ones(3, 2), kind), linear_sparse(x, torch.ones(3, 2), mask))


def test_without_a_mask_dense_weights_are_left_alone():
    weight = torch.ones(3, 2)
    assert linear_sparse(torch.ones(1, 1, 2), weight).tolist() == [[[2, 2, 2]]]
    assert torch.equal(weight, torch.ones(3, 2))


@pytest.mark.parametrize(
    ("quantize", "wanted"), [(False, [0.2, -0.7, 1.498, 1.5]), (True, [0.1905, -0.6905, 1.5, 1.5])]
)
def test_exponential_clamp_has_its_cap_in_model_units(quantize, wanted):
    weight = torch.tensor([[0.2], [-0.7], [1.6], [3.0]])
    y = linear_exponential_clamp(torch.ones(1, 1, 1), weight, cap=1.5, start_weight=61.0, quantize=quantize)
    torch.testing.assert_close(y.flatten(), torch.tensor(wanted), atol=1e-3, rtol=0)


def test_exponential_clamp_leaves_small_weights_and_bounds_large_ones_monotonously():
    weight = torch.linspace(-20, 20, 4001, dtype=torch.float64).reshape(-1, 1).requires_grad_()
    one = torch.ones(1, 1, 1, dtype=torch.float64)
    clamped = linear_exponential_clamp(one, weight, cap=6.3, start_weight=43.0).flatten()
    (slope,) = torch.autograd.grad(clamped.sum(), weight)
    slope, weight = slope.flatten(), weight.detach().flatten()
    inside = weight.abs() <= 4.3
    assert torch.equal(clamped[inside], weight[inside])
    assert 6.29 < clamped.abs().max() <= 6.3
    assert (clamped.diff() >= 0).all()
    torch.testing.assert_close(slope[inside], torch.ones_like(slope[inside]))
    law = torch.exp(-(weight[~inside].abs() - 4.3) / 2)
    torch.testing.assert_close(slope[~inside], law)


def test_exponential_clamp_quantizes_with_the_gradient_unchanged():
    weight = torch.tensor([[0.5, -2.5, 3.4, 80.0]], requires_grad=True)
    x = torch.eye(4).reshape(1, 4, 4)
    y = linear_exponential_clamp(x, weight, torch.tensor([100.0]), cap=63.0, quantize=True)
    assert y.flatten().tolist() == [101, 97, 103, 163]
    smooth = linear_exponential_clamp(x, weight, cap=63.0)
    torch.testing.assert_close(*(torch.autograd.grad(trace.sum(), weight)[0] for trace in (y, smooth)))


@given(st.floats(0.1, 10), st.lists(st.floats(-10, 10, width=32), min_size=1, max_size=20))
def test_weight_rounding_gives_multiples_of_the_lsb(cap, weights):
    weight = torch.tensor(weights, dtype=torch.float64, requires_grad=True)
    rounded = WeightRounding.apply(cap, weight)
    lsb = np.array(weights) * (63 / cap)
    assert np.allclose(rounded.detach() * 63 / cap, np.sign(lsb) * np.floor(np.abs(lsb) + 0.5))
    (gradient,) = torch.autograd.grad((3 * rounded).sum(), weight)
    assert torch.equal(gradient, torch.full_like(weight, 3.0))


def test_exponential_clamp_of_huge_weights_is_finite():
    weight = torch.tensor([[1e4, -1e4, 1e30]], requires_grad=True)
    y = linear_exponential_clamp(torch.ones(1, 1, 3), weight)
    y.sum().backward()
    assert torch.isfinite(y).all()
    assert torch.isfinite(weight.grad).all()


@pytest.mark.parametrize("arguments", [{"cap": 0.0}, {"start_weight": 0.0}, {"start_weight": 63.0}])
def test_exponential_clamp_without_room_is_refused(arguments):
    with pytest.raises(ParameterError, match="wanted a positive bound in model units"):
        linear_exponential_clamp(torch.ones(1, 1, 1), torch.ones(1, 1), **arguments)


def test_dropout_silences_what_the_mask_drops_and_scales_nothing():
    x = torch.ones(4, 2, 3, requires_grad=True)
    mask = torch.tensor([True, False, True])
    y = batch_dropout(x, mask)
    y.sum().backward()
    wanted = np.broadcast_to([1, 0, 1], (4, 2, 3))
    assert np.array_equal(y.detach(), wanted)
    assert np.array_equal(x.grad, wanted)
