"""Contract: what the default chip does in full fidelity with its stored calibration (chip.md 2.5 and 9, 6 to 8)."""

import pytest
import torch
from scipy import stats

import hxtorch
import hxtorch.perceptron as hxp
from hxtorch.core import open_session


@pytest.fixture(scope="module")
def samples():
    """Results of one constant product and of a fixed input, each repeated, on the default chip."""
    hxtorch.init_hardware(ann=True)
    few = hxp.matmul(torch.full((100,), 15.0), torch.full((100, 10), 21.0))
    many = hxp.matmul(torch.full((1000, 100), 15.0), torch.full((100, 512), 21.0))
    zeros = hxp.matmul(torch.zeros(500, 128), torch.full((128, 512), 63.0))
    yield few, many, zeros
    hxtorch.release_hardware()


def test_the_first_product_of_the_tutorial(samples):
    few, *_ = samples
    assert few.shape == (10,)
    assert torch.equal(few, few.round())
    assert 53 < few.mean() < 64
    assert few.std() < 6


def test_columns_differ_by_a_fixed_pattern_and_runs_by_noise(samples):
    _, many, _ = samples
    columns = many.mean(0)
    assert 0.0018 < columns.mean() / (100 * 15 * 21) < 0.0022
    assert 0.5 < columns.std() < 4
    assert 1.0 < many.std(0).median() < 4.0


def test_zero_input_gives_noise_around_zero(samples):
    *_, zeros = samples
    assert zeros.mean(0).abs().max() < 3
    assert zeros.std(0).max() < 4


def test_measured_parameters_are_near_the_defaults_and_describe_the_chip(chip):
    parameter = hxp.measure_mock_parameter()
    assert abs(parameter.gain / 0.002 - 1) < 0.25
    assert 0 < parameter.noise_std < 4
    assert hxp.get_mock_parameter() == hxp.MockParameter()
    fine = hxp.measure_mock_parameter(per_column=True)
    assert fine.gain.shape == (2, 256)
    assert abs(fine.gain.median() / parameter.gain - 1) < 0.05
    # both models and the chip agree on other operands than those measured with; per column, on each column
    x, weights = torch.randint(0, 32, (400, 90)).float(), torch.randint(-20, 45, (90, 512)).float()
    real = hxp.matmul(x, weights)
    inside = real.abs().mean(0) < 80
    errors = []
    for model in (parameter, fine):
        hxp.set_mock_parameter(model)
        mocked = hxp.matmul(x, weights, mock=True) + 0.5  # floor against rounding
        assert abs((real - mocked)[:, inside].mean()) < 1.5
        assert 0.7 < (real.std(0) / mocked.std(0))[inside].median() < 1.4
        errors.append((real - mocked).mean(0)[inside].std())
    assert errors[1] < errors[0]


def test_the_measured_model_and_the_chip_agree_in_distribution():
    """Two-sample tests on operands other than those measured with; what floors lies half an LSB below what rounds.

    On a chip whose events bring neither noise nor offset, which the documented model has not.
    """
    by_event = {"event_offset": False, "event_noise": False}
    with open_session(serial="emulated-1", fidelity="full", seed=0, imperfections=by_event):
        compare_in_distribution()


def compare_in_distribution():
    x, weights = torch.randint(0, 32, (4000, 90)).float(), torch.randint(-20, 32, (90, 256)).float()
    x[2000:] = x[0]  # half of all: one input, again and again
    real = hxp.matmul(x, weights)
    hxp.set_mock_parameter(hxp.measure_mock_parameter(per_column=True))
    mocked = hxp.matmul(x, weights, mock=True) + 0.5
    dither = torch.rand(2, 4000, 256) - 0.5
    real, mocked = real + dither[0], mocked + dither[1]
    # results: 20 inputs for each column, so that the mismatch of single synapses is one more random part
    rows, columns = torch.stack([torch.randperm(2000)[:20] for _ in range(256)]), torch.arange(256)[:, None]
    one, two = (values[rows, columns].flatten().numpy() for values in (real, mocked))
    assert stats.ks_2samp(one, two).pvalue > 0.01
    # noise: the same input again
    inside = real.abs().amax(0) < 90
    assert inside.sum() > 200
    noise = [(values[2000:] - values[2000:].mean(0))[:, inside] for values in (real, mocked)]
    assert stats.ks_2samp(*(values.flatten()[::100].numpy() for values in noise)).pvalue > 0.01
    assert abs(noise[0].std() / noise[1].std() - 1) < 0.05
    assert abs((noise[0] / noise[0].std(0)).pow(4).mean() - 3) < 0.05


def test_large_results_saturate(chip):
    x = torch.full((20, 128), 31.0)
    highest = hxp.matmul(x, torch.full((128, 512), 63.0)).mean(0)
    assert highest.min() >= 125
    lowest = hxp.matmul(x, torch.full((128, 256), -63.0))
    assert lowest.min() >= -128
    assert -125 < lowest.mean() < -90


def test_tiles_saturate_one_by_one(chip):
    x, weights = torch.full((50, 256), 31.0), torch.full((256, 256), 63.0)
    weights[128:] = -63.0
    assert 0 < hxp.matmul(x, weights).mean() < 40


def test_one_row_with_many_sends(chip):
    result = hxp.matmul(torch.full((100, 1), 12.0), torch.full((1, 256), 21.0), num_sends=100)
    assert 0.0017 < result.mean() / (12 * 21 * 100) < 0.0024
    diagonal = hxp.mac(torch.full((20, 1), 31.0), torch.full((1, 256), 63.0), num_sends=40, wait_between_events=2)
    assert diagonal.mean(0).min() > 40


def test_training_in_the_loop_lowers_the_loss(chip):
    layer = hxp.nn.Linear(16, 8)
    x, target = torch.randint(0, 32, (100, 16)).float(), torch.randint(-40, 40, (1, 8)).float().expand(100, 8)
    optimizer = torch.optim.Adam(layer.parameters(), lr=1.0)
    losses = []
    for _ in range(40):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(layer(x), target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]
