"""Exponential-Euler steps against forward Euler and closed forms, and the modules that take them."""

import numpy as np
import pytest
import torch

from hxtorch import snn as hxsnn
from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.functional import (
    CUBALIFParams,
    CUBALIParams,
    cuba_li_integration,
    cuba_lif_integration,
    exp_cuba_li_integration,
    exp_cuba_lif_integration,
)
from hxtorch.spiking.observables import HardwareObservables


def some_input(seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = 0.6 * torch.rand(40, 2, 3, generator=generator, dtype=torch.float64)
    taus = 4 + 10 * torch.rand(2, 3, generator=generator, dtype=torch.float64)  # in steps
    return x.requires_grad_(), taus.requires_grad_()


@pytest.mark.parametrize("recorded", [False, True])
def test_with_the_factors_of_forward_euler_it_is_forward_euler(recorded):
    x, taus = some_input()
    hw = None
    if recorded:
        generator = torch.Generator().manual_seed(5)
        z_hw = (torch.rand(x.shape, generator=generator) < 0.1).double()
        hw = HardwareObservables(z_hw, 1.5 * torch.rand(x.shape, generator=generator).double())
    factors = {"tau_mem_exp": 1 - 1 / taus[0], "tau_syn_exp": 1 - 1 / taus[1]}
    potentials = {"leak": 0.1, "reset": -0.2, "threshold": 0.9, "alpha": 10.0}
    pairs = [
        (
            exp_cuba_lif_integration(x, **potentials, **factors, hw_data=hw),
            cuba_lif_integration(x, CUBALIFParams(tau_mem=taus[0], tau_syn=taus[1], **potentials), hw, 1.0),
        ),
        (
            exp_cuba_li_integration(x, leak=0.1, **factors, hw_data=hw),
            cuba_li_integration(x, CUBALIParams(0.1, taus[0], taus[1]), hw, 1.0),
        ),
    ]
    assert pairs[0][0].spikes.sum() > 5
    for got, law in pairs:
        for trace, wanted in zip(got, law, strict=True):
            if wanted is not None:
                torch.testing.assert_close(trace, wanted)
        gradients = [
            torch.autograd.grad(sum(trace.sum() for trace in traces[:-1]), (x, taus), retain_graph=True)
            for traces in (got, law)
        ]
        torch.testing.assert_close(*gradients)


def test_current_decays_exactly_and_a_standing_current_charges_exactly():
    time = np.arange(50)
    x = torch.zeros(50, 1, 1, dtype=torch.float64)
    x[0] = 2.0
    traces = exp_cuba_li_integration(x, tau_syn_exp=np.exp(-1 / 5), tau_mem_exp=np.exp(-1 / 8))
    np.testing.assert_allclose(traces.current.flatten(), 2 * np.exp(-time / 5), rtol=1e-12)
    traces = exp_cuba_li_integration(
        torch.full((50, 1, 1), 2.0, dtype=torch.float64), leak=0.3, tau_syn_exp=0.0, tau_mem_exp=np.exp(-1 / 8)
    )
    np.testing.assert_allclose(traces.membrane_cadc.flatten(), 0.3 + 2 * (1 - np.exp(-time / 8)), rtol=1e-12)


@pytest.mark.parametrize("factor", [1.0, -0.1, float("nan")])
def test_factors_that_are_no_decay_are_refused(factor):
    for factors in ({"tau_syn_exp": factor, "tau_mem_exp": 0.5}, {"tau_syn_exp": 0.5, "tau_mem_exp": factor}):
        for integrate in (exp_cuba_lif_integration, exp_cuba_li_integration):
            with pytest.raises(ParameterError, match=r"wanted exp\(-dt / tau\)"):
                integrate(torch.ones(3, 1, 1), **factors)


def test_modules_are_their_functions_and_deprecated():
    exp = hxsnn.Experiment(mock=True, dt=1e-6)
    syn, out = hxsnn.Synapse(3, 4, exp), hxsnn.Synapse(4, 2, exp)
    torch.nn.init.constant_(syn.weight, 0.9)
    with pytest.warns(DeprecationWarning, match="use LIF"):
        lif = hxsnn.NeuronExp(
            4, exp, tau_mem=hxsnn.ModelParameter(6e-6), tau_syn=5e-6, leak=0.1, reset=0.0, threshold=1.0, alpha=7.0
        )
    with pytest.warns(DeprecationWarning, match="use LI"):
        li = hxsnn.ReadoutNeuronExp(2, exp, leak=0.0, tau_mem=5e-6)
    lif.tau_mem.make_trainable()
    spikes = (torch.rand(40, 2, 3, generator=torch.Generator().manual_seed(0)) < 0.3).float()
    z = lif(syn(hxsnn.NeuronHandle(spikes)))
    y = li(out(z))
    hxsnn.run(exp, None)
    factors = {"tau_mem_exp": np.exp(-1 / 6), "tau_syn_exp": np.exp(-1 / 5)}
    hidden = exp_cuba_lif_integration(spikes @ syn.weight.T, leak=0.1, alpha=7.0, **factors)
    assert hidden.spikes.sum() > 10
    torch.testing.assert_close(z.spikes, hidden.spikes)
    torch.testing.assert_close(z.membrane_cadc, hidden.membrane_cadc)
    factors = {"tau_mem_exp": np.exp(-1 / 5), "tau_syn_exp": np.exp(-1 / 10)}
    torch.testing.assert_close(
        y.membrane_cadc, exp_cuba_li_integration(z.spikes @ out.weight.T, **factors).membrane_cadc
    )
    y.membrane_cadc.sum().backward()
    assert lif.tau_mem.model_value.grad is not None


def test_modules_run_on_a_chip(ideal_chip):
    exp = hxsnn.Experiment(dt=1e-6)
    syn = hxsnn.Synapse(3, 4, exp)
    torch.nn.init.constant_(syn.weight, 60)
    with pytest.warns(DeprecationWarning, match="use LIF"):
        lif = hxsnn.NeuronExp(4, exp)
    spikes = torch.zeros(40, 2, 3)
    spikes[5::5] = 1
    z = lif(syn(hxsnn.NeuronHandle(spikes)))
    hxsnn.run(exp, 40)
    (info,) = exp.execution_info
    assert z.spikes.sum() > 4
    assert info.events_sent == spikes.sum()
    z.spikes.sum().backward()
    assert torch.isfinite(syn.weight.grad).all()
