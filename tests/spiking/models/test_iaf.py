"""The IAF loop against the LIF loop, a step by step loop and finite differences."""

import pytest
import torch

from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.functional import (
    CUBAIAFParams,
    CUBALIFParams,
    cuba_iaf_integration,
    cuba_lif_integration,
    cuba_refractory_iaf_integration,
)
from hxtorch.spiking.functional.iaf import iaf_step
from hxtorch.spiking.observables import HardwareObservables

DT = 1e-6


def some_input(seed=0, shape=(30, 2, 3), scale=0.5):
    generator = torch.Generator().manual_seed(seed)
    return (scale * torch.rand(shape, generator=generator, dtype=torch.float64)).requires_grad_()


def test_membrane_is_the_integral_of_the_current():
    x = some_input(scale=0.02)
    params = CUBAIAFParams(reset=-0.3, threshold=100.0, tau_mem=4e-6)
    traces = cuba_iaf_integration(x, params, dt=DT)
    integral = torch.cat([torch.zeros_like(traces.current[:1]), traces.current[:-1]]).cumsum(0) / 4
    torch.testing.assert_close(traces.membrane_cadc, integral)
    assert not traces.spikes.any()


@pytest.mark.parametrize("recorded", ["nothing", "spikes", "membrane", "both"])
def test_iaf_is_the_limit_of_lif_with_a_slow_membrane_and_a_large_weight(recorded):
    """tau dv/dt = -v + i becomes tau dv/dt = i if potentials are small against currents."""
    x, slow = some_input(), 1e9
    z_hw = (torch.rand(x.shape, generator=torch.Generator().manual_seed(1)) < 0.1).double()
    v_hw = 1.5 * torch.rand(x.shape, generator=torch.Generator().manual_seed(2)).double()
    hw = HardwareObservables(
        z_hw if recorded in ("spikes", "both") else None, v_hw if recorded in ("membrane", "both") else None
    )
    iaf = CUBAIAFParams(reset=0.0, tau_mem=5e-6, tau_syn=8e-6, refractory_time=2e-6, alpha=10.0)
    lif = CUBALIFParams(tau_mem=5e-6 * slow, tau_syn=8e-6, refractory_time=2e-6, alpha=10.0)
    got = cuba_refractory_iaf_integration(x, iaf, hw, DT)
    law = cuba_lif_integration(slow * x, lif, hw, DT)
    assert got.spikes.sum() > 5
    torch.testing.assert_close(got.spikes, law.spikes)
    torch.testing.assert_close(got.membrane_cadc, law.membrane_cadc, rtol=1e-6, atol=1e-6)
    gradients = [
        torch.autograd.grad(traces.spikes.sum() + traces.membrane_cadc.square().sum(), x)[0] for traces in (got, law)
    ]
    torch.testing.assert_close(*gradients, rtol=1e-5, atol=1e-5)


def test_steps_one_by_one_give_the_integration():
    x = some_input()
    z_hw = (torch.rand(x.shape, generator=torch.Generator().manual_seed(1)) < 0.1).double()
    v_hw = torch.rand(x.shape, generator=torch.Generator().manual_seed(2)).double()
    params = CUBAIAFParams(reset=-0.1, tau_mem=5e-6)
    for hw in (HardwareObservables(), HardwareObservables(z_hw)):
        z, v, i = torch.zeros_like(x[0]), torch.zeros_like(x[0]), torch.zeros_like(x[0])
        steps = []
        for t in range(len(x)):
            z, v, i = iaf_step(z, v, i, x[t], None if hw.spikes is None else z_hw[t], None, params, DT)
            steps.append((z, v, i))
        wanted = [torch.stack(trace) for trace in zip(*steps, strict=True)]
        for got, law in zip(cuba_iaf_integration(x, params, hw, DT)[:3], wanted, strict=True):
            assert torch.equal(got, law)
    assert wanted[0].sum() > 5
    z, v, _ = iaf_step(z, v, i, x[0], None, v_hw[0] + 1.0, params, DT)
    assert torch.equal(z, torch.ones_like(z))
    assert torch.equal(v, torch.full_like(v, -0.1))


def test_gradients_agree_with_finite_differences_below_the_threshold():
    x = some_input(shape=(12, 2, 3))
    reset = torch.tensor([0.1, -0.2, 0.3], dtype=torch.float64, requires_grad=True)
    taus = torch.tensor([[3.0, 4.0, 5.0], [2.5, 6.0, 4.0]], dtype=torch.float64, requires_grad=True)

    def integrate(x, reset, taus):
        params = CUBAIAFParams(reset, 1e9, taus[0], taus[1])
        return cuba_iaf_integration(x, params, dt=1.0)[1:3]

    assert torch.autograd.gradcheck(integrate, (x, reset, taus))


def test_refractory_time_silences_and_holds():
    x = torch.zeros(30, 1, 1)
    x[0] = 50.0
    params = CUBAIAFParams(reset=-0.5, tau_syn=100e-6, refractory_time=4e-6)
    traces = cuba_refractory_iaf_integration(x, params, dt=DT)
    times = traces.spikes.flatten().nonzero().flatten()
    assert set(times.diff().tolist()) == {5}
    assert set(cuba_iaf_integration(x, params, dt=DT).spikes.flatten().nonzero().flatten().diff().tolist()) == {1}
    held = traces.membrane_cadc.flatten()[int(times[0]) : int(times[0]) + 5]
    assert torch.equal(held, torch.full((5,), -0.5))


def test_parameters_that_no_step_can_follow_are_refused():
    for params in (CUBAIAFParams(tau_mem=0.1e-6), CUBAIAFParams(tau_syn=0.0), CUBAIAFParams(method="heaviside")):
        with pytest.raises(ParameterError, match="wanted"):
            cuba_iaf_integration(torch.zeros(5, 1, 1), params, dt=DT)
