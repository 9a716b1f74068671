"""Spike times in continuous time against closed forms and superposition, their derivatives against differences."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import lambertw

from hxtorch import spiking as hxsnn
from hxtorch.spiking.errors import ParameterError, TensorShapeError, TensorValueError
from hxtorch.spiking.functional import CUBALIFParams, exact_lif_spike_times

US = 1e-6
END = 60 * US
RATIOS = [(10 * US, 10 * US), (10 * US, 5 * US), (6 * US, 8 * US), (10 * US, 3.7 * US), (10 * US, 10.00001 * US)]


def network(seed, batch=3, sources=5, spikes=2, size=4, outputs=3):
    """Return input times, weights of two layers, float64 leaves."""
    generator = torch.Generator().manual_seed(seed)
    times = 20 * US * torch.rand(batch, sources, spikes, generator=generator, dtype=torch.float64)
    hidden = torch.randn(size, sources, generator=generator, dtype=torch.float64) * 0.8 + 1.0
    output = torch.randn(outputs, size, generator=generator, dtype=torch.float64) * 0.3 + 0.5
    return times, hidden, output


def kernel(span, tau_mem, tau_syn):
    """Response of a membrane to one input of weight 1, the textbook's form, with digits to lose."""
    span, tau_mem, tau_syn = np.maximum(span, 0).astype(np.longdouble), np.longdouble(tau_mem), np.longdouble(tau_syn)
    if tau_mem == tau_syn:
        return span / tau_mem * np.exp(-span / tau_mem)
    return tau_syn / (tau_mem - tau_syn) * (np.exp(-span / tau_mem) - np.exp(-span / tau_syn))


@pytest.mark.parametrize("weight", [2.8, 3.5, 10.0, 1e4])
def test_first_spike_with_equal_time_constants_is_lamberts(weight):
    tau, start = 7 * US, 3 * US
    params = CUBALIFParams(tau_mem=tau, tau_syn=tau)
    got = exact_lif_spike_times(
        torch.tensor([[start]], dtype=torch.float64), torch.tensor([[weight]]).double(), params, END, max_spikes=1
    )
    wanted = start - tau * lambertw(-1 / weight).real
    assert got.item() == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("weight", [4.1, 6.0, 100.0])
def test_first_spike_with_twice_the_time_constant_is_a_quadratics_root(weight):
    tau_syn, start = 5 * US, 3 * US
    params = CUBALIFParams(tau_mem=2 * tau_syn, tau_syn=tau_syn)
    got = exact_lif_spike_times(
        torch.tensor([[start]], dtype=torch.float64), torch.tensor([[weight]]).double(), params, END, max_spikes=1
    )
    y = (1 + np.sqrt(1 - 4 / weight)) / 2  # of weight (y - y^2) = 1, y = exp(-s / tau_mem)
    assert got.item() == pytest.approx(start - 2 * tau_syn * np.log(y), rel=1e-12)


@pytest.mark.parametrize("weight", [2.7, 3.9])
def test_inputs_that_are_too_weak_cause_no_spike(weight):
    ratio = 1.0 if weight < np.e else 2.0
    params = CUBALIFParams(tau_mem=5 * US * ratio, tau_syn=5 * US)
    times = exact_lif_spike_times(torch.tensor([[1 * US]]), torch.tensor([[weight]]), params)
    assert times.shape == (1, 1, 1)
    assert times.isinf().all()


@pytest.mark.parametrize(("tau_mem", "tau_syn"), RATIOS)
def test_first_spike_is_where_the_sum_of_responses_first_reaches_the_threshold(tau_mem, tau_syn):
    times, weight, _ = network(seed=3, batch=8)
    params = CUBALIFParams(leak=0.1, threshold=1.1, tau_mem=tau_mem, tau_syn=tau_syn)
    weight = weight * torch.tensor([[1.0], [0.5], [-1.0], [1.5]])
    got = exact_lif_spike_times(times, weight, params, END, max_spikes=1)[..., 0].numpy()
    assert 0 < np.isfinite(got).sum() < got.size

    def membrane(at):
        """Return the membrane at times (moment,), (moment, batch, neuron)."""
        responses = kernel(at[:, None, None, None] - times.numpy(), tau_mem, tau_syn).sum(3)
        return responses @ weight.numpy().T

    at = np.linspace(0, END, 20001)
    before = np.where(at[:, None, None] < got, membrane(at), 0)
    assert before.max() < 1 + 1e-12
    for batch, neuron in np.argwhere(np.isfinite(got)):
        assert membrane(got[None, batch, neuron])[0, batch, neuron] == pytest.approx(1, abs=1e-10)


def test_after_a_spike_the_membrane_starts_at_the_reset_when_the_refractory_time_ends():
    tau, weight, wait, reset = 10 * US, 20.0, 3 * US, -0.4
    params = CUBALIFParams(reset=reset, tau_mem=tau, tau_syn=tau, refractory_time=wait)
    times = exact_lif_spike_times(torch.zeros(1, 1).double(), torch.tensor([[weight]]).double(), params, END)[0, 0]
    assert len(times) >= 3
    for first, second in pairwise(times):
        span, current = (second - first - wait) / tau, weight * torch.exp(-(first + wait) / tau)
        assert span > 0
        assert ((reset + current * span) * torch.exp(-span)).item() == pytest.approx(1, abs=1e-10)


def gradients(loss, leaves):
    leaves = [leaf.clone().requires_grad_() for leaf in leaves]
    return torch.autograd.grad(loss(*leaves), leaves)


def differences(loss, leaves, steps):
    """Return central differences of a loss with respect to each number of each leaf."""
    found = []
    for place, (leaf, step) in enumerate(zip(leaves, steps, strict=True)):
        slopes = []
        for index in range(leaf.numel()):
            shift = torch.zeros(leaf.numel(), dtype=leaf.dtype)
            shift[index] = step
            ends = []
            for sign in (1, -1):
                moved = [*leaves]
                moved[place] = leaf + sign * shift.reshape(leaf.shape)
                ends.append(loss(*moved))
            slopes.append((ends[0] - ends[1]) / (2 * step))
        found.append(torch.stack(slopes).reshape(leaf.shape))
    return found


@pytest.mark.parametrize("refractory_time", [0.0, 1.5 * US])
@pytest.mark.parametrize(("tau_mem", "tau_syn"), RATIOS)
def test_derivatives_of_spike_times_are_central_differences(tau_mem, tau_syn, refractory_time):
    times, hidden, output = network(seed=1, batch=1, sources=3, size=3, outputs=2)
    leaves = (times, 1.4 * tau_mem / tau_syn * hidden, tau_mem / tau_syn * output)
    params = CUBALIFParams(
        leak=0.05, reset=torch.tensor([-0.1, 0.0, -0.3]), tau_mem=tau_mem, tau_syn=tau_syn,
        refractory_time=refractory_time,
    )  # fmt: skip
    readout = CUBALIFParams(threshold=0.3, tau_mem=tau_mem, tau_syn=tau_syn)

    def loss(times, hidden, output):
        spikes = exact_lif_spike_times(times, hidden, params, 2 / 3 * END)
        total = 0.0
        for layer in (spikes, exact_lif_spike_times(spikes, output, readout, 2 / 3 * 2 / 3 * END)):
            assert layer.isfinite().sum() > 1
            coefficients = torch.arange(1.0, layer.numel() + 1, dtype=torch.float64).sqrt().reshape(layer.shape)
            total = total + (coefficients * torch.where(layer.isfinite(), layer, 0.0)).sum()
        return total

    got = gradients(loss, leaves)
    wanted = differences(loss, leaves, (1e-12, 1e-6, 1e-6))
    for gradient, slope in zip(got, wanted, strict=True):
        assert slope.abs().max() > 0
        torch.testing.assert_close(gradient, slope, rtol=1e-4, atol=1e-4 * slope.abs().max().item())


@settings(max_examples=15)
@given(st.integers(0, 2**31), st.integers(1, 4), st.sampled_from(RATIOS))
def test_order_of_inputs_and_absent_ones_do_not_matter(seed, most, taus):
    times, weight, _ = network(seed)
    params = CUBALIFParams(tau_mem=taus[0], tau_syn=taus[1], refractory_time=US)
    wanted = exact_lif_spike_times(times, weight, params, END)
    order = torch.randperm(5, generator=torch.Generator().manual_seed(seed))
    padded = torch.cat([times.new_full((3, 5, 1), torch.inf), times.flip(2), times.new_full((3, 5, 1), 2 * END)], 2)
    got = exact_lif_spike_times(padded[:, order], weight[:, order], params, END)
    torch.testing.assert_close(got, wanted, rtol=1e-9, atol=0)
    first = exact_lif_spike_times(times, weight, params, END, max_spikes=most)
    torch.testing.assert_close(first, wanted[..., :most], rtol=1e-12, atol=0)
    assert (wanted.diff(dim=2).nan_to_num(nan=1.0) > 0).all()


def test_type_of_the_input_is_the_type_of_times_and_gradients():
    times, weight, _ = (value.float().requires_grad_() for value in network(0))
    found = exact_lif_spike_times(times[..., 0], weight, CUBALIFParams(), END)
    assert found.dtype == torch.float32
    torch.where(found.isfinite(), found, 0).sum().backward()
    assert times.grad.dtype == weight.grad.dtype == torch.float32
    assert times.grad[..., 0].any()
    assert not times.grad[..., 1].any()


def test_without_inputs_nothing_happens():
    weight = torch.ones(2, 3, requires_grad=True)
    times = torch.full((4, 3), torch.inf)
    found = exact_lif_spike_times(times, weight, CUBALIFParams())
    assert found.shape == (4, 2, 1)
    assert found.isinf().all()
    torch.where(found.isfinite(), found, 0).sum().backward()
    assert not weight.grad.any()


def test_gradients_are_finite_at_huge_weights():
    times, weight, _ = network(0)
    weight = (1e4 * weight).requires_grad_()
    found = exact_lif_spike_times(times, weight, CUBALIFParams(refractory_time=US), END, max_spikes=3)
    torch.where(found.isfinite(), found, 0).sum().backward()
    assert weight.grad.isfinite().all()


def test_layer_learns_a_spike_time():
    torch.manual_seed(0)
    layer = hxsnn.ExactEventPropLIF(3, 2, CUBALIFParams(tau_mem=10 * US, tau_syn=5 * US), END, max_spikes=1)
    with torch.no_grad():
        layer.weight.fill_(2.5)
    inputs, goal = torch.tensor([[1 * US, 4 * US, 6 * US]]), torch.tensor([[6.5 * US, 9 * US]])
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.05)
    for _ in range(100):
        optimizer.zero_grad()
        loss = ((layer(inputs)[..., 0] - goal) / US).square().sum()
        loss.backward()
        optimizer.step()
    assert loss.item() < 1e-3
    assert "in_features=3, out_features=2" in repr(layer)


@pytest.mark.parametrize(
    ("times", "weight", "params", "more", "error"),
    [
        (torch.zeros(2, 3), torch.zeros(4, 2), {}, {}, TensorShapeError),
        (torch.zeros(3), torch.zeros(4, 3), {}, {}, TensorShapeError),
        (torch.zeros(2, 0), torch.zeros(4, 0), {}, {}, TensorShapeError),
        (torch.full((2, 3), torch.nan), torch.zeros(4, 3), {}, {}, TensorValueError),
        (torch.full((2, 3), -torch.inf), torch.zeros(4, 3), {}, {}, TensorValueError),
        (torch.zeros(2, 3), torch.full((4, 3), torch.inf), {}, {}, TensorValueError),
        (torch.zeros(2, 3), torch.zeros(4, 3), {"threshold": -0.1}, {}, ParameterError),
        (torch.zeros(2, 3), torch.zeros(4, 3), {"reset": 1.0}, {}, ParameterError),
        (torch.zeros(2, 3), torch.zeros(4, 3), {"tau_mem": 0.0}, {}, ParameterError),
        (torch.zeros(2, 3), torch.zeros(4, 3), {"refractory_time": -US}, {}, ParameterError),
        (torch.zeros(2, 3), torch.zeros(4, 3), {"tau_syn": torch.ones(3)}, {}, ParameterError),
        (torch.zeros(2, 3), torch.zeros(4, 3), {"leak": torch.tensor(0.1, requires_grad=True)}, {}, ParameterError),
        (torch.zeros(2, 3), torch.zeros(4, 3), {}, {"max_spikes": 0}, ParameterError),
    ],
)
def test_bad_input_raises(times, weight, params, more, error):
    with pytest.raises(error):
        exact_lif_spike_times(times, weight, CUBALIFParams(**params), END, **more)
