"""Reference and property: the mock model is its formula, and its noise is normal."""

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp

import hxtorch.perceptron as hxp

GAIN = 2**-9


def formula(x, weights, num_sends=1):
    """The model as chip.md 2.4 states it, in exact integers and one exact power of two."""
    total = np.zeros((len(x), weights.shape[1]))
    for row in range(0, x.shape[1], 128):
        tile = x[:, row : row + 128].astype(np.int64) @ weights[row : row + 128].astype(np.int64)
        total += np.clip(np.floor(num_sends * GAIN * tile), -128, 127)
    return np.clip(total, -128, 127)


sizes = st.tuples(st.integers(1, 4), st.integers(1, 400), st.integers(1, 20))


@st.composite
def products(draw):
    batch, rows, columns = draw(sizes)
    x = draw(hnp.arrays(np.int8, (batch, rows), elements=st.integers(0, 31)))
    weights = draw(hnp.arrays(np.int8, (rows, columns), elements=st.integers(-63, 63)))
    return x, weights, draw(st.integers(1, 9))


@settings(max_examples=60)
@given(products())
def test_without_noise_the_model_is_its_formula(product):
    x, weights, num_sends = product
    hxp.set_mock_parameter(hxp.MockParameter(noise_std=0.0, gain=GAIN))
    result = hxp.matmul(torch.from_numpy(x).float(), torch.from_numpy(weights).float(), num_sends=num_sends, mock=True)
    np.testing.assert_array_equal(result.numpy(), formula(x, weights, num_sends))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 128, 256), (2, 129, 257), (5, 700, 33)])
def test_every_floating_type_gives_the_same_integers(silent, dtype, shape):
    batch, rows, columns = shape
    x, weights = torch.randint(0, 32, (batch, rows)), torch.randint(-63, 64, (rows, columns))
    result = hxp.mac(x.to(dtype), weights.to(dtype), mock=True)
    assert result.dtype == dtype
    np.testing.assert_array_equal(result.float().numpy(), formula(x.numpy(), weights.numpy()))


def test_each_tile_saturates_before_the_tiles_are_added(silent):
    x, weights = torch.full((384,), 31.0), torch.full((384, 1), 63.0)
    assert hxp.mac(x, weights, mock=True).item() == 127
    weights[128:256] = -63.0
    weights[256:] = 0.0
    assert hxp.mac(x, weights, mock=True).item() == 127 - 128


def test_halves_round_to_even(silent):
    hxp.set_mock_parameter(hxp.MockParameter(noise_std=0.0, gain=1.0))
    weights = torch.eye(4)
    assert hxp.mac(torch.tensor([0.5, 1.5, 2.5, -0.5]), weights, mock=True).tolist() == [0, 2, 2, 0]
    assert hxp.mac(torch.ones(1), torch.tensor([[0.5, -1.5, 2.5, -2.5]]), mock=True).tolist() == [0, -2, 2, -2]


def test_noise_is_normal_and_independent_between_samples_columns_and_tiles():
    noise_std, samples = 20.0, 4000
    hxp.set_mock_parameter(hxp.MockParameter(noise_std=noise_std, gain=0.002))
    one = hxp.mac(torch.zeros(samples, 1), torch.zeros(1, 64), mock=True).numpy()
    two = hxp.mac(torch.zeros(samples, 129), torch.zeros(129, 64), mock=True).numpy()
    count = one.size
    # floor takes half an LSB and adds the variance 1/12; 99.9 % of a normal variable lies within 3.3 deviations
    assert abs(one.mean() + 0.5) < 3.3 * noise_std / count**0.5
    for values, variance in ((one, noise_std**2 + 1 / 12), (two, 2 * noise_std**2 + 2 / 12)):
        # clamping to int8 beyond 4.5 deviations does not matter for the sum of two tiles either
        assert abs(values.var() / variance - 1) < 3.3 * (2 / count) ** 0.5 + 2e-3
    normal = (one + 0.5) / (noise_std**2 + 1 / 12) ** 0.5
    assert abs((normal**3).mean()) < 3.3 * (15 / count) ** 0.5
    assert abs((normal**4).mean() - 3) < 3.3 * (96 / count) ** 0.5
    between_columns = np.corrcoef(normal.T)[np.triu_indices(64, 1)]
    assert abs(between_columns).max() < 5.5 / samples**0.5
    lagged = [(normal[step:] * normal[:-step]).mean() for step in range(1, 20)]
    assert np.abs(lagged).max() < 4.5 / count**0.5


def test_noise_of_many_calls_is_independent():
    calls = 500
    x, weights = torch.zeros(64, 1), torch.zeros(1, 64)
    results = torch.stack([hxp.mac(x, weights, mock=True) for _ in range(calls)]) + 0.5
    variance = 2.0**2 + 1 / 12
    assert abs(results.var(0).mean() / variance - 1) < 0.01
    spread = results.mean(0).var() * calls / variance  # of the means of 64 * 64 places
    assert abs(spread - 1) < 3.3 * (2 / 64**2) ** 0.5 + 0.02
    neighbours = (results[:, :, 1:] * results[:, :, :-1]).mean() / variance
    assert abs(neighbours) < 3.3 / results.numel() ** 0.5 + 2e-3


def test_the_same_seed_gives_the_same_noise_and_every_call_other_noise():
    x, weights = torch.full((3, 300), 15.0), torch.full((300, 40), 1.0)
    torch.manual_seed(3)
    first, second = hxp.mac(x, weights, mock=True), hxp.mac(x, weights, mock=True)
    torch.manual_seed(3)
    assert torch.equal(hxp.mac(x, weights, mock=True), first)
    assert not torch.equal(first, second)


def test_a_gain_for_each_column_follows_the_tiles_over_the_chip(silent):
    gain = torch.full((2, 256), 2.0**-9)
    gain[1] = 2.0**-8  # lower hemisphere
    gain[0, 3] = 2.0**-7
    hxp.set_mock_parameter(hxp.MockParameter(noise_std=0.0, gain=gain))
    weights = torch.zeros(200, 300)
    weights[0] = weights[150] = 32.0
    x = torch.full((200,), 16.0)
    upper_tile, lower_tile = torch.zeros(200), torch.zeros(200)
    upper_tile[0], lower_tile[150] = 16.0, 16.0
    # tiles count down the rows first: (0: rows 0.., 1: rows 128..) of columns 0..255, then (2, 3) of columns 256..299
    first, second = hxp.mac(upper_tile, weights, mock=True), hxp.mac(lower_tile, weights, mock=True)
    assert first[0] == 1
    assert first[3] == 4
    assert first[256 + 3] == 4
    assert (second == 2).all()
    assert torch.equal(hxp.mac(x, weights, mock=True), first + second)


def test_an_empty_batch_gives_an_empty_result():
    assert hxp.matmul(torch.zeros(0, 5), torch.zeros(5, 3), mock=True).shape == (0, 3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_noise_by_event_grows_with_what_is_sent(dtype):
    hxp.set_mock_parameter(hxp.MockParameter(noise_std=1.0, event_noise_std=0.2))
    for active, sends in ((0, 5), (40, 1), (40, 10), (200, 3)):
        x = torch.zeros(4000, 200, dtype=dtype)
        x[:, :active] = 1
        results = hxp.mac(x, torch.zeros(200, 32, dtype=dtype), num_sends=sends, mock=True)
        tiles = 2
        assert results.var().item() == pytest.approx(tiles * (1 + 1 / 12) + 0.04 * active * sends, rel=0.03)
