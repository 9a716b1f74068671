"""The LIF loop against a loop written out neuron by neuron, values and gradients."""

import pytest
import torch

from hxtorch.core.errors import ArgumentError
from hxtorch.spiking.errors import ParameterError, TensorShapeError
from hxtorch.spiking.functional import CUBALIFParams, cuba_lif_integration
from hxtorch.spiking.observables import HardwareObservables

DT = 1e-6


def written_out(x, leak, reset, threshold, tau_mem, tau_syn, refractory_time, alpha, z_hw=None, v_hw=None):
    """One scalar equation after the other. The surrogate derivative is that of d / (1 + alpha |d|)."""
    steps, batch, size = x.shape
    spikes, membrane, current = ([[[None] * size for _ in range(batch)] for _ in range(steps)] for _ in range(3))
    for b in range(batch):
        for n in range(size):
            v, i, wait = leak[n], torch.zeros((), dtype=x.dtype), 0
            for t in range(steps):
                if wait == 0:
                    v = v + DT / tau_mem[n] * (leak[n] - v + i)
                if v_hw is not None:
                    v = v + (v_hw[t, b, n] - v).detach()
                i = i - DT / tau_syn[n] * i + x[t, b, n]
                distance = v - threshold[n]
                smooth = distance / (1 + alpha * distance.abs())
                z = smooth + ((distance > 0).to(x.dtype) - smooth).detach()
                if wait > 0:
                    z, wait = torch.zeros((), dtype=x.dtype), wait - 1
                if z_hw is not None:
                    z = z + (z_hw[t, b, n] - z).detach()
                seen = v
                if z > 0:
                    v, wait = reset[n], round(refractory_time / DT)
                spikes[t][b][n], current[t][b][n] = z, i
                membrane[t][b][n] = v if v_hw is None else seen
    return [
        torch.stack([torch.stack([torch.stack(row) for row in page]) for page in trace])
        for trace in (spikes, membrane, current)
    ]


@pytest.fixture
def values():
    generator = torch.Generator().manual_seed(1)

    def uniform(low, high):
        value = low + (high - low) * torch.rand(3, generator=generator, dtype=torch.float64)
        return value.requires_grad_()

    parameters = {
        "leak": uniform(-0.2, 0.2),
        "reset": uniform(-0.3, 0.1),
        "threshold": uniform(0.8, 1.2),
        "tau_mem": uniform(5e-6, 20e-6),
        "tau_syn": uniform(5e-6, 20e-6),
    }
    x = torch.rand(25, 2, 3, generator=generator, dtype=torch.float64) * 0.6
    return x.requires_grad_(), parameters


@pytest.mark.parametrize("refractory_time", [0.0, 1e-6, 3e-6])
@pytest.mark.parametrize("recorded", ["nothing", "spikes", "membrane", "both"])
def test_loop_equals_equations_written_out_with_all_gradients(values, refractory_time, recorded):
    x, parameters = values
    generator = torch.Generator().manual_seed(2)
    z_hw = (torch.rand(x.shape, generator=generator) < 0.1).double() if recorded in ("spikes", "both") else None
    v_hw = 1.6 * torch.rand(x.shape, generator=generator).double() if recorded in ("membrane", "both") else None
    wanted = written_out(x, **parameters, refractory_time=refractory_time, alpha=20.0, z_hw=z_hw, v_hw=v_hw)
    params = CUBALIFParams(**parameters, refractory_time=refractory_time, alpha=20.0)
    got = cuba_lif_integration(x, params, HardwareObservables(z_hw, v_hw), DT)[:3]
    assert wanted[0].sum() > 5
    for trace, law in zip(got, wanted, strict=True):
        torch.testing.assert_close(trace, law, rtol=1e-12, atol=1e-12)
    leaves = [x, *parameters.values()]
    weights = [torch.rand(x.shape, generator=generator, dtype=torch.float64) for _ in range(3)]
    gradients = [
        torch.autograd.grad(sum((w * trace).sum() for w, trace in zip(weights, traces, strict=True)), leaves)
        for traces in (got, wanted)
    ]
    for gradient, law in zip(*gradients, strict=True):
        torch.testing.assert_close(gradient, law, rtol=1e-9, atol=1e-12)


def test_recorded_values_are_given_out_to_the_bit():
    generator = torch.Generator().manual_seed(3)
    x = torch.rand(20, 4, 5, generator=generator)
    z_hw = (torch.rand(x.shape, generator=generator) < 0.2).float()
    v_hw = torch.randn(x.shape, generator=generator)
    traces = cuba_lif_integration(x, CUBALIFParams(), HardwareObservables(z_hw, v_hw), DT)
    assert torch.equal(traces.spikes, z_hw)
    assert torch.equal(traces.membrane_cadc, v_hw)


def test_refractory_neuron_stays_at_reset_and_silent():
    x = torch.zeros(30, 1, 1)
    x[0] = 50.0
    params = CUBALIFParams(reset=-0.5, tau_syn=100e-6, refractory_time=4e-6)
    traces = cuba_lif_integration(x, params, dt=DT)
    times = traces.spikes.flatten().nonzero().flatten()
    assert len(times) >= 4
    assert set(times.diff().tolist()) == {5}  # strong drive: back at the threshold in the first free step
    held = traces.membrane_cadc.flatten()[int(times[0]) : int(times[0]) + 5]
    assert torch.equal(held, torch.full((5,), -0.5))


def test_refractory_time_counts_down_unrounded_and_may_differ_between_neurons():
    x = torch.zeros(30, 1, 2)
    x[0] = 50.0
    params = CUBALIFParams(tau_syn=100e-6, refractory_time=torch.tensor([0.4e-6, 2.6e-6]))
    spikes = cuba_lif_integration(x, params, dt=DT).spikes[:, 0]
    assert set(spikes[:, 0].nonzero().flatten().diff().tolist()) == {2}  # 0.4 steps are held for one
    assert set(spikes[:, 1].nonzero().flatten().diff().tolist()) == {4}


def test_output_ends_with_the_shorter_of_input_and_recording():
    x = torch.zeros(20, 2, 3)
    recorded = HardwareObservables(torch.zeros(15, 2, 3), torch.zeros(15, 2, 3))
    assert cuba_lif_integration(x, CUBALIFParams(), recorded, DT).spikes.shape == (15, 2, 3)
    assert cuba_lif_integration(x[:10], CUBALIFParams(), recorded, DT).spikes.shape == (10, 2, 3)


def test_type_of_the_input_decides():
    for dtype in (torch.float32, torch.float64):
        traces = cuba_lif_integration(torch.ones(5, 1, 1, dtype=dtype), CUBALIFParams(refractory_time=1e-6), dt=DT)
        assert {trace.dtype for trace in traces[:3]} == {dtype}


@pytest.mark.parametrize("shape", [(5, 3), (0, 2, 3), (5, 2, 3, 1)])
def test_other_axes_are_refused(shape):
    with pytest.raises(TensorShapeError, match="time, batch, neuron"):
        cuba_lif_integration(torch.zeros(shape), CUBALIFParams(), dt=DT)


@pytest.mark.parametrize(
    "params",
    [
        {"tau_mem": 0.4e-6},
        {"tau_syn": 0.0},
        {"tau_syn": -1e-6},
        {"tau_mem": float("nan")},
        {"refractory_time": -1e-6},
        {"method": "heaviside"},
    ],
)
def test_parameters_that_no_step_can_follow_are_refused(params):
    with pytest.raises((ParameterError, ArgumentError), match="wanted"):
        cuba_lif_integration(torch.zeros(5, 1, 1), CUBALIFParams(**params), dt=DT)
