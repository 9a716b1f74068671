"""The LI loop against closed forms, an ODE solver and finite differences."""

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from hxtorch.spiking.functional import CUBALIParams, cuba_li_integration
from hxtorch.spiking.observables import HardwareObservables


def psp(dt, tau_mem, tau_syn, weight=1.0, duration=60e-6):
    x = torch.zeros(round(duration / dt) + 1, 1, 1, dtype=torch.float64)
    x[0] = weight
    traces = cuba_li_integration(x, CUBALIParams(tau_mem=tau_mem, tau_syn=tau_syn), dt=dt)
    return traces.membrane_cadc.flatten().numpy()


@pytest.mark.parametrize(("tau_mem", "tau_syn"), [(10e-6, 6e-6), (6e-6, 6e-6), (5e-6, 20e-6)])
def test_psp_approaches_the_two_exponential_kernel_in_first_order(tau_mem, tau_syn):
    errors = []
    for dt in (0.4e-6, 0.2e-6, 0.1e-6):
        time = np.arange(round(60e-6 / dt) + 1) * dt
        if tau_mem == tau_syn:
            kernel = time / tau_mem * np.exp(-time / tau_mem)
        else:
            kernel = tau_syn / (tau_mem - tau_syn) * (np.exp(-time / tau_mem) - np.exp(-time / tau_syn))
        errors.append(np.abs(psp(dt, tau_mem, tau_syn) - kernel).max())
    assert errors[-1] < 0.01
    ratios = np.array(errors[:-1]) / errors[1:]
    assert np.all((ratios > 1.8) & (ratios < 2.2))


def test_membrane_follows_an_ode_solver_through_a_train_of_spikes():
    dt, leak, tau_mem, tau_syn = 0.02e-6, 0.3, 8e-6, 5e-6
    events = {5e-6: 0.7, 12e-6: -1.1, 13e-6: 2.0, 30e-6: 0.4}
    x = torch.zeros(2501, 1, 1, dtype=torch.float64)
    for time, weight in events.items():
        x[round(time / dt)] = weight
    params = CUBALIParams(leak=leak, tau_mem=tau_mem, tau_syn=tau_syn)
    trace = cuba_li_integration(x, params, dt=dt).membrane_cadc.flatten().numpy()
    state, start, wanted = np.array([leak, 0.0]), 0.0, []
    for stop, weight in [*events.items(), (50e-6, 0.0)]:
        solution = solve_ivp(
            lambda _, y: [(leak - y[0] + y[1]) / tau_mem, -y[1] / tau_syn],
            (start, stop), state, rtol=1e-10, atol=1e-12, dense_output=True,
        )  # fmt: skip
        grid = np.arange(round(start / dt), round(stop / dt)) * dt
        wanted.append(solution.sol(grid)[0])
        state, start = solution.y[:, -1] + [0.0, weight], stop
    assert np.abs(trace[:-1] - np.concatenate(wanted)).max() < 5e-3


def test_gradients_agree_with_finite_differences():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(12, 2, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    leak = torch.randn(3, generator=generator, dtype=torch.float64, requires_grad=True)
    taus = (2 + 5 * torch.rand(2, 3, generator=generator, dtype=torch.float64)).requires_grad_()  # in steps

    def integrate(x, leak, taus):
        return cuba_li_integration(x, CUBALIParams(leak, taus[0], taus[1]), dt=1.0)[:2]

    assert torch.autograd.gradcheck(integrate, (x, leak, taus))


def test_membrane_without_input_stays_at_the_leak():
    traces = cuba_li_integration(torch.zeros(50, 2, 3), CUBALIParams(leak=0.7))
    assert torch.equal(traces.membrane_cadc, torch.full((50, 2, 3), 0.7))
    assert not traces.current.any()


def test_response_is_linear():
    generator = torch.Generator().manual_seed(0)
    one, other = torch.randn(2, 30, 4, 5, generator=generator, dtype=torch.float64)

    def respond(x):
        return cuba_li_integration(x, CUBALIParams()).membrane_cadc

    torch.testing.assert_close(respond(2 * one - other), 2 * respond(one) - respond(other))


def test_recorded_membrane_is_given_out_and_the_gradient_is_the_model_s():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(20, 2, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    v_hw = torch.randn(20, 2, 3, generator=generator, dtype=torch.float64)
    weight = torch.randn(20, 2, 3, generator=generator, dtype=torch.float64)
    injected = cuba_li_integration(x, CUBALIParams(), HardwareObservables(cadc=v_hw)).membrane_cadc
    free = cuba_li_integration(x, CUBALIParams()).membrane_cadc
    assert torch.equal(injected, v_hw)
    # The model is linear, so its gradient does not depend on where it is taken.
    gradients = [torch.autograd.grad((weight * trace).sum(), x)[0] for trace in (injected, free)]
    torch.testing.assert_close(*gradients)
