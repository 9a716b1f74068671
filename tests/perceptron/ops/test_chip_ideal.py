"""Reference: products and digital operations on an ideal chip are NumPy's integers, to the bit."""

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis.extra import numpy as hnp

import hxtorch.perceptron as hxp
from hxtorch.core import open_session


def formula(x, weights, num_sends=1):
    """Tiles of 128 rows, each 0.002 times its sum, rounded half away from zero and clipped; then their clipped sum."""
    total = np.zeros((len(x), weights.shape[1]), np.int64)
    for row in range(0, x.shape[1], 128):
        tile = num_sends * (x[:, row : row + 128].astype(np.int64) @ weights[row : row + 128].astype(np.int64))
        rounded = np.sign(tile) * ((2 * np.abs(tile) + 500) // 1000)
        total += np.clip(rounded, -128, 127)
    return np.clip(total, -128, 127)


def on_chip(x, weights, num_sends=1):
    result = hxp.matmul(torch.from_numpy(x).float(), torch.from_numpy(weights).float(), num_sends=num_sends)
    return result.numpy()


@pytest.mark.parametrize(
    ("batch", "rows", "columns", "num_sends", "largest"),
    [
        (2000, 1, 256, 1, 63),
        (2000, 1, 257, 13, 63),
        (1000, 128, 128, 1, 20),
        (500, 128, 513, 3, 3),
        (500, 300, 300, 1, 63),
        (300, 1000, 256, 2, 9),
    ],
)
def test_a_million_random_products(ideal, batch, rows, columns, num_sends, largest):
    generator = np.random.default_rng(rows)
    x = generator.integers(0, 32, (batch, rows)).astype(np.uint8)
    x[::7] = 0
    weights = generator.integers(-largest, largest + 1, (rows, columns)).astype(np.int8)
    np.testing.assert_array_equal(on_chip(x, weights, num_sends), formula(x, weights, num_sends))


@st.composite
def products(draw):
    batch, rows, columns = draw(st.tuples(st.integers(1, 4), st.integers(1, 400), st.integers(1, 20)))
    x = draw(hnp.arrays(np.uint8, (batch, rows), elements=st.integers(0, 31)))
    weights = draw(hnp.arrays(np.int8, (rows, columns), elements=st.integers(-63, 63)))
    return x, weights, draw(st.integers(1, 40))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(products())
def test_any_product(ideal, product):
    np.testing.assert_array_equal(on_chip(*product), formula(*product))


def test_every_pair_of_weight_and_activation(ideal):
    x, weights = np.arange(32, dtype=np.uint8)[:, None], np.arange(-63, 64, dtype=np.int8)[None]
    for num_sends in (1, 2, 7, 64):
        np.testing.assert_array_equal(on_chip(x, weights, num_sends), formula(x, weights, num_sends))


def test_rails_of_a_tile_and_of_the_sum(ideal):
    x = np.full((1, 512), 31, np.uint8)
    weights = np.full((512, 3), 63, np.int8)
    assert on_chip(x, weights).tolist() == [[127] * 3]
    assert on_chip(x, -weights).tolist() == [[-128] * 3]
    weights[128:256], weights[256:] = -63, 0
    assert on_chip(x, weights).tolist() == [[-1] * 3]


def test_nothing_is_sent_for_zeros(ideal):
    assert not on_chip(np.zeros((3, 200), np.uint8), np.full((200, 4), 63, np.int8)).any()


def test_halves_round_away_from_zero(ideal):
    one = torch.full((1, 1), 63.0)
    for value, whole in ((0.5, 1), (1.5, 2), (2.5, 3), (0.49999997, 0), (-0.49999997, 0), (30.5, 31)):
        assert torch.equal(hxp.mac(torch.tensor([value]), one, 100), hxp.mac(torch.tensor([float(whole)]), one, 100))
    weights = torch.tensor([[0.5, -0.5, -2.5, 2.5, -62.5, 62.49]])
    whole = torch.tensor([[1.0, -1.0, -3.0, 3.0, -63.0, 62.0]])
    x = torch.tensor([31.0])
    assert torch.equal(hxp.mac(x, weights, 50), hxp.mac(x, whole, 50))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_every_floating_type_gives_the_same_integers(ideal, dtype):
    x, weights = torch.randint(0, 32, (3, 150)), torch.randint(-63, 64, (150, 40))
    result = hxp.mac(x.to(dtype), weights.to(dtype))
    assert result.dtype == dtype
    np.testing.assert_array_equal(result.float().numpy(), formula(x.numpy(), weights.numpy()))


@pytest.mark.parametrize(
    ("shape", "other"),
    [
        ((5,), (5,)),
        ((5,), (5, 3)),
        ((4, 5), (5,)),
        ((2, 3, 4, 5), (5, 3)),
        ((2, 1, 4, 5), (3, 5, 6)),
        ((5,), (2, 5, 3)),
        ((0, 5), (5, 3)),
    ],
)
def test_matmul_has_the_shapes_of_torch(ideal, shape, other):
    x, weights = torch.randint(0, 32, shape).float(), torch.randint(-63, 64, other).float()
    result = hxp.matmul(x, weights, 9)
    linear = torch.matmul(x.double(), weights.double()) * 9
    wanted = (linear.sign() * ((2 * linear.abs() + 500) / 1000).floor()).clamp(-128, 127)
    assert result.shape == wanted.shape
    assert torch.equal(result, wanted.float())


def test_convolutions_and_layers_multiply_on_the_chip(ideal):
    x, weight = torch.randint(0, 32, (3, 4, 20)).float(), torch.randint(-63, 64, (6, 2, 5)).float()
    options = {"stride": 2, "dilation": 2, "groups": 2}
    linear = torch.nn.functional.conv1d(x.double(), weight.double(), **options) * 4
    wanted = (linear.sign() * ((2 * linear.abs() + 500) / 1000).floor()).clamp(-128, 127).float()
    assert torch.equal(hxp.conv1d(x, weight, num_sends=4, **options), wanted)
    assert torch.equal(hxp.expanded_conv1d(x, weight, num_sends=4, num_expansions=3, **options), wanted)
    layer = hxp.nn.Conv1d(4, 6, 5, 2, dilation=2, groups=2, bias=False, num_sends=4)
    layer.load_state_dict({"weight": weight})
    assert torch.equal(layer(x), wanted)


def test_operations_on_int8(ideal):
    values = np.arange(-128, 128)
    x = torch.from_numpy(values).float()
    np.testing.assert_array_equal(hxp.relu(x).numpy(), np.maximum(values, 0))
    for shift in range(8):
        wanted = np.minimum(np.maximum(values, 0) >> shift, 31)
        np.testing.assert_array_equal(hxp.converting_relu(x, shift).numpy(), wanted)
    np.testing.assert_array_equal(hxp.add(x[:, None], x).numpy(), np.clip(values[:, None] + values, -128, 127))
    table = np.random.default_rng(0).integers(-3, 4, (30, 40))
    for dim in (None, 0, 1):
        found = hxp.argmax(torch.from_numpy(table).float(), dim)
        assert found.dtype == torch.int64
        np.testing.assert_array_equal(found.numpy(), table.argmax(dim))
    assert hxp.relu(torch.tensor([0.5, -0.5, 2.5])).tolist() == [1, 0, 3]


def test_gradients_on_the_chip_are_those_of_the_linear_model(ideal):
    hxp.set_mock_parameter(hxp.MockParameter(gain=0.0017))
    x = (torch.rand(4, 150) * 31).requires_grad_()
    weights = (torch.rand(150, 12) * 126 - 63).requires_grad_()
    upstream = torch.randn(4, 12)
    found = torch.autograd.grad(hxp.matmul(x, weights, 3), (x, weights), upstream)
    torch.testing.assert_close(found, torch.autograd.grad(3 * 0.0017 * (x @ weights), (x, weights), upstream))


def test_registered_operators_are_sound(ideal):
    x, weights = (torch.rand(2, 3, 140) * 31).requires_grad_(), (torch.rand(2, 140, 5) * 126 - 63).requires_grad_()
    gain = torch.tensor(0.002, dtype=torch.float64)
    operators = torch.ops.hxtorch_perceptron
    torch.library.opcheck(operators.chip_products.default, (x, weights, gain, 1, 5, 0, ""))
    torch.library.opcheck(operators.mock_products.default, (x, weights, gain, 1, 0.0))
    torch.library.opcheck(operators.mock_products.default, (x, weights, gain.expand(2, 256), 1, 0.0))


def test_errors_leave_the_session_usable_and_send_nothing():
    with open_session(fidelity="ideal") as session:
        before = session.connection.run_counter
        weights = torch.ones(3, 5, 2)
        weights[2, 0, 0] = 64  # in the last of three matrices
        for bad, error in ((weights, OverflowError), (weights * float("nan"), ValueError)):
            with pytest.raises(error):
                hxp.matmul(torch.ones(3, 4, 5), bad)
        assert session.connection.run_counter == before
        assert hxp.matmul(torch.ones(4, 5), torch.ones(5, 2)).shape == (4, 2)
        assert session.connection.run_counter == before + 1
