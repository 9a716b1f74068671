"""Reference: the compiled mock model equals the model in torch, to the bit without noise, in distribution with it."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

import hxtorch.perceptron as hxp
from hxtorch.perceptron._kernels.mock.mock import INSTRUCTIONS
from hxtorch.perceptron._kernels.mock.mock import mock_product as kernel
from hxtorch.perceptron.mock.product import fused_product, mock_product


def operands(batch, rows, columns, largest=63):
    generator = torch.Generator().manual_seed(rows)
    x = torch.randint(0, 32, (batch, rows), generator=generator)
    return x, torch.randint(-largest, largest + 1, (rows, columns), generator=generator)


def both(x, weights, gain, noise_std, num_sends=1):
    """The compiled model and the one in torch."""
    gain = torch.as_tensor(gain, dtype=torch.float64)
    fused = fused_product(x.to(torch.uint8).numpy(), weights.to(torch.int8).numpy(), gain, noise_std, num_sends)
    return fused, mock_product(x.float(), weights.float(), gain, noise_std, num_sends)


@pytest.mark.parametrize(
    ("batch", "rows", "columns", "largest"),
    [(1, 1, 1, 63), (9, 3, 5, 63), (17, 128, 256, 20), (8, 129, 257, 63), (33, 784, 128, 9), (7, 300, 600, 63)],
)
@pytest.mark.parametrize(("gain", "num_sends"), [(0.002, 1), (0.00183, 7), (1.0, 3), ("columns", 2)])
def test_without_noise_the_same_bits(batch, rows, columns, largest, gain, num_sends):
    if gain == "columns":
        gain = torch.rand(2, 256, dtype=torch.float64) * 0.004 + 1e-5
    x, weights = operands(batch, rows, columns, largest)
    fused, model = both(x, weights, gain, 0.0, num_sends)
    assert torch.equal(fused, model)


def test_a_million_results_have_one_distribution():
    x, weights = operands(4000, 128, 256, 30)
    x[:] = x[0]
    for noise_std in (2.0, 0.3):
        fused, model = both(x, weights, 0.002, noise_std)
        count, variance = len(x), noise_std**2 + 1 / 12
        wanted = 0.002 * (x[:1].double() @ weights.double()) - 0.5  # floor
        inside = (wanted[0] > -110) & (wanted[0] < 110)
        if noise_std > 1:  # else the roundings of a column are no uniform noise
            assert abs((fused.double() - wanted)[:, inside].mean()) < 3.3 * (variance / count / inside.sum()) ** 0.5
            assert abs(fused[:, inside].var(0).mean() / variance - 1) < 3.3 * (2 / count / inside.sum()) ** 0.5
        for column in range(0, 256, 16):
            # integers: chi2 of the counts in both
            low = int(min(fused[:, column].min(), model[:, column].min()))
            counts = np.stack([np.bincount((m[:, column] - low).int().numpy(), minlength=40) for m in (fused, model)])
            common = counts.sum(0) >= 20
            table = np.column_stack((counts[:, common], counts[:, ~common].sum(1) + 1))
            assert stats.chi2_contingency(table).pvalue > 1e-3 / 16


def test_noise_is_normal_to_its_tails():
    zeros, noise_std = (np.zeros((20000, 1), np.uint8), np.zeros((1, 100), np.int8)), 25.0
    draws = fused_product(*zeros, torch.tensor(0.002, dtype=torch.float64), noise_std, 1).double().flatten() + 0.5
    count = draws.numel()
    for bound in (25, 50, 75, 100, 125):  # one to five deviations
        for side in (draws >= bound, draws < -bound):
            expected = stats.norm.sf(bound / noise_std)
            assert abs(side.sum().item() - count * expected) < 3.5 * math.sqrt(count * expected) + 2
    pairs = draws.reshape(20000, 100)
    for lag in (1, 16, 32, 50, 64):
        inside = (pairs[:, lag:] * pairs[:, : 100 - lag]).mean().item() / noise_std**2
        assert abs(inside) < 3.3 / math.sqrt(20000 * (100 - lag))


def test_tiles_and_strips_have_numbers_of_their_own():
    x, weights = np.zeros((3000, 256), np.uint8), np.zeros((256, 512), np.int8)
    gain = torch.tensor(0.002, dtype=torch.float64)
    left, right = fused_product(x, weights, gain, 2.0, 1).double().add(1).split(256, dim=1)
    assert left.var() == pytest.approx(2 * (4 + 1 / 12), rel=0.01)  # two tiles that do not share their noise
    assert abs((left * right).mean() / left.var()) < 3.3 / left.numel() ** 0.5


@pytest.mark.parametrize("shape", [(1, 1, 1), (19, 131, 70), (8, 5, 300), (40, 260, 256)])
def test_instruction_sets_and_threads_give_the_same_bytes(shape):
    x, weights = operands(*shape)
    factors = np.full((-(-shape[1] // 128), shape[2]), 0.002, np.float32)
    none = np.zeros(0, np.int32)
    for noise, events in ((0.0, 0.0), (2.0, 0.0), (1.0, 0.2)):
        results = set()
        for instructions in range(INSTRUCTIONS + 1):
            for threads in (1, 3):
                out = np.empty((shape[0], shape[2]), np.float32)
                arrays = x.to(torch.uint8).numpy(), weights.to(torch.int8).numpy()
                kernel(arrays[0], none, none, arrays[1], factors, noise, events, 2**60 + 5, out, threads, instructions)
                results.add(out.tobytes())
        assert len(results) == 1


def test_other_types_take_the_model_in_torch_and_agree():
    x, weights = operands(20, 200, 30, 20)
    hxp.set_mock_parameter(hxp.MockParameter(noise_std=0.0))
    results = [hxp.mac(x.to(dtype), weights.to(dtype), mock=True).double() for dtype in (torch.float32, torch.bfloat16)]
    assert torch.equal(*results)
    assert (results[0] - hxp.mac(x.double(), weights.double(), mock=True)).abs().max() <= 2  # a floor for each tile


def test_a_draw_moves_the_generator_of_torch_and_only_with_noise():
    x, weights = torch.ones(2, 3), torch.ones(3, 4)
    state = torch.get_rng_state()
    hxp.set_mock_parameter(hxp.MockParameter(noise_std=0.0))
    hxp.mac(x, weights, mock=True)
    assert torch.equal(torch.get_rng_state(), state)
    hxp.set_mock_parameter(hxp.MockParameter())
    hxp.mac(x, weights, mock=True)
    assert not torch.equal(torch.get_rng_state(), state)
