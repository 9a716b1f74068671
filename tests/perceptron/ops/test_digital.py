"""Reference: integer operations between products are NumPy's on int8."""

import numpy as np
import pytest
import torch

import hxtorch.perceptron as hxp

ALL = np.arange(-128, 128)


def tensor(values):
    return torch.from_numpy(np.asarray(values)).float()


def test_relu():
    np.testing.assert_array_equal(hxp.relu(tensor(ALL), mock=True).numpy(), np.maximum(ALL, 0))


@pytest.mark.parametrize("shift", range(8))
def test_converting_relu(shift):
    wanted = np.minimum(np.maximum(ALL, 0) >> shift, 31)
    np.testing.assert_array_equal(hxp.converting_relu(tensor(ALL), shift, mock=True).numpy(), wanted)


def test_converting_relu_shifts_by_two_unless_told_otherwise():
    assert torch.equal(hxp.converting_relu(tensor(ALL), mock=True), hxp.converting_relu(tensor(ALL), 2, mock=True))


def test_add_saturates_and_broadcasts():
    wanted = np.clip(ALL[:, None] + ALL, -128, 127)
    np.testing.assert_array_equal(hxp.add(tensor(ALL)[:, None], tensor(ALL), mock=True).numpy(), wanted)
    np.testing.assert_array_equal(hxp.add(tensor(ALL), 3, mock=True).numpy(), np.clip(ALL + 3, -128, 127))
    few = ALL[::4]
    np.testing.assert_array_equal(hxp.add(tensor(few), tensor(few), alpha=-0.5, mock=True).numpy(), few // 2)


@pytest.mark.parametrize("dim", [None, 0, 1, -1])
@pytest.mark.parametrize("keepdim", [False, True])
def test_argmax_is_the_first_maximum(dim, keepdim):
    values = np.random.default_rng(0).integers(-3, 4, (40, 50))  # many equal ones
    found = hxp.argmax(tensor(values), dim, keepdim, mock=True)
    assert found.dtype == torch.int64
    np.testing.assert_array_equal(found.numpy(), np.argmax(values, axis=dim, keepdims=keepdim))
    # values are rounded down, and the first of equal ones counts
    assert hxp.argmax(torch.tensor([-0.4, 0.4, 0.9]), mock=True) == 1
    assert hxp.argmax(torch.tensor([5.0, 127.0, 300.0, -500.0]), mock=True) == 1
    with pytest.raises(ValueError, match="nan"):
        hxp.argmax(torch.tensor([0.0, float("nan")]), mock=True)
    assert hxp.argmax(torch.tensor(1.0), mock=True) == 0


def test_halves_round_to_even_in_mock_mode():
    halves = torch.tensor([0.5, 1.5, 2.5])
    assert hxp.relu(halves, mock=True).tolist() == [0, 2, 2]
    assert hxp.add(halves, 0.0, mock=True).tolist() == [0, 2, 2]
