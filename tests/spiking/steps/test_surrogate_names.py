"""Surrogates by name: a step forwards, the documented derivative backwards, finite far out, looped and compiled."""

import math

import pytest
import torch
import unit_layers as unit

from hxtorch import snn as hxsnn
from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.functional import CUBALIFParams, Unterjubel, cuba_lif_integration, step_by_step, threshold
from hxtorch.spiking.functional.surrogates.derivatives import SURROGATES

LAWS = {
    "superspike": lambda s: 1 / (1 + s) ** 2,
    "sigmoid": lambda s: 1 / math.cosh(s / 2) ** 2 if s < 700 else 0.0,
    "arctan": lambda s: 1 / (1 + s * s),
    "triangular": lambda s: max(0.0, 1 - s),
    "gaussian": lambda s: math.exp(-s * s / 2),
    "boxcar": lambda s: float(s <= 0.5),
    "exponential": lambda s: math.exp(-s),
    "multi_gaussian": lambda s: (
        1.15 * math.exp(-s * s / 2) - 0.025 * (math.exp(-((s - 1) ** 2) / 72) + math.exp(-((s + 1) ** 2) / 72))
    ),
}


def test_there_are_as_many_laws_as_names():
    assert set(LAWS) == set(SURROGATES)
    assert len(LAWS) >= 6


@pytest.mark.parametrize("name", sorted(SURROGATES))
def test_step_has_the_derivative_of_its_name(name):
    x = torch.linspace(-3, 3, 121, dtype=torch.float64, requires_grad=True)
    z = threshold(x, name, 2.5)
    assert torch.equal(z, (x > 0).double())
    (gradient,) = torch.autograd.grad(z.sum(), x)
    wanted = torch.tensor([LAWS[name](2.5 * abs(value)) for value in x.tolist()], dtype=torch.float64)
    torch.testing.assert_close(gradient, wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", sorted(SURROGATES))
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("looped", [False, True])
def test_huge_inputs_have_finite_gradients(name, dtype, looped):
    generator = torch.Generator().manual_seed(0)
    x = (2e4 * torch.rand(40, 3, 20, generator=generator) - 1e4).to(dtype)
    x[::3] = x[::3].sign() * 1e4
    parameters = [x.requires_grad_(), torch.ones(20, dtype=dtype, requires_grad=True)]

    def traces():
        params = CUBALIFParams(threshold=parameters[1], method=name, refractory_time=1e-6)
        return cuba_lif_integration(x, params, dt=1e-6)

    if looped:
        with step_by_step():
            found = traces()
    else:
        found = traces()
    loss = found.spikes.sum() + found.membrane_cadc.sum() + found.current.sum()
    assert all(gradient.isfinite().all() for gradient in torch.autograd.grad(loss, parameters))
    (gradient,) = torch.autograd.grad(threshold(x, name).sum(), x)
    assert gradient.isfinite().all()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", sorted(SURROGATES))
def test_steps_work_inside_torch_func(name):
    x = torch.linspace(-1, 1, 12, dtype=torch.float64).reshape(3, 4)
    leaf = x.clone().requires_grad_()
    (wanted,) = torch.autograd.grad(threshold(leaf, name, 2.0).sum(), leaf)
    got = torch.func.vmap(torch.func.grad(lambda row: threshold(row, name, 2.0).sum()))(x)
    torch.testing.assert_close(got, wanted)
    _, tangent = torch.func.jvp(lambda x: threshold(x, name, 2.0), (x,), (torch.ones_like(x),))
    torch.testing.assert_close(tangent, wanted)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_unterjubel_works_inside_torch_func():
    computed, measured = torch.rand(3, 4), torch.rand(3, 4)
    gradient = torch.func.vmap(torch.func.grad(lambda a, b: Unterjubel.apply(a, b).square().sum()))(computed, measured)
    torch.testing.assert_close(gradient, 2 * measured)


def test_modules_take_names_and_functions_and_refuse_the_rest():
    for method in ("arctan", lambda distance, alpha: torch.sigmoid(alpha * distance)):
        exp = hxsnn.Experiment(mock=True, dt=1e-6)
        synapse, neuron = hxsnn.Synapse(3, 4, exp), unit.lif(4, exp, method=method)
        z = neuron(synapse(hxsnn.NeuronHandle(torch.ones(20, 2, 3))))
        hxsnn.run(exp, None)
        z.spikes.sum().backward()
        assert synapse.weight.grad.isfinite().all()
    with pytest.raises(ParameterError, match="multi_gaussian"):
        unit.lif(4, hxsnn.Experiment(mock=True), method="heaviside")
