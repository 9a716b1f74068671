"""A product that nobody looks at is called, all others go through the operator: with the same result."""

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

import hxtorch.perceptron as hxp
from hxtorch.perceptron.ops import mac
from hxtorch.perceptron.ops.products import unseen

X, WEIGHTS = torch.full((1, 2, 3), 5.0), torch.full((1, 3, 4), 20.0)


@pytest.fixture
def dispatched(monkeypatch):
    """Count what goes through torch's dispatcher."""
    seen = []
    for name in ("chip_products", "mock_products"):
        operator = getattr(mac, name)
        monkeypatch.setattr(mac, name, lambda *given, operator=operator: seen.append(operator) or operator(*given))
    return seen


def test_a_product_without_gradient_is_called(dispatched):
    hxp.matmul(X[0], WEIGHTS[0], mock=True)
    hxp.matmul(X[0], torch.nn.Parameter(WEIGHTS[0], requires_grad=False), mock=True)
    with torch.no_grad():
        hxp.matmul(X[0], torch.nn.Parameter(WEIGHTS[0]), mock=True)
    assert not dispatched


@pytest.mark.parametrize("mock", [False, True])
def test_both_ways_give_the_same(ideal, silent, dispatched, mock):
    short = hxp.matmul(X[0], WEIGHTS[0], mock=mock)
    whole = hxp.matmul(X[0], WEIGHTS[0].clone().requires_grad_(), mock=mock)
    assert len(dispatched) == 1
    assert whole.requires_grad
    assert torch.equal(short, whole.detach())


def test_who_looks_at_a_product_sees_it():
    assert unseen(X, WEIGHTS)
    assert not unseen(X.clone().requires_grad_(), WEIGHTS)
    assert not unseen(X, torch.nn.Parameter(WEIGHTS))
    with FakeTensorMode():
        assert not unseen(X, WEIGHTS)
    found = []
    torch.func.vmap(lambda x: found.append(unseen(x, WEIGHTS)) or x)(X)
    with torch.autograd.forward_ad.dual_level():
        found.append(unseen(X, WEIGHTS))
    assert found == [False, False]


@pytest.mark.parametrize("which", [0, 1])
def test_nan_is_refused_on_either_way(which):
    operands = [X[0].clone(), WEIGHTS[0].clone()]
    operands[which][0, 0] = float("nan")
    for trained in (False, True):
        with pytest.raises(ValueError, match="got nan"):
            hxp.matmul(operands[0], operands[1].requires_grad_(trained), mock=True)
