"""EventProp on a grid of time against the exact one in continuous time and its own equations."""

import pytest
import torch
import unit_layers as unit

from hxtorch import spiking as hxsnn
from hxtorch.spiking.errors import ExperimentError, ParameterError, TensorShapeError
from hxtorch.spiking.functional import (
    CUBALIFParams,
    CUBALIParams,
    EventPropLIFFunction,
    EventPropSynapseFunction,
    cuba_li_integration,
    cuba_lif_integration,
    exact_lif_spike_times,
)
from hxtorch.spiking.functional.eventprop.grid import EventPropCurrent
from hxtorch.spiking.observables import HardwareObservables

US = 1e-6
END = 25 * US
SETTINGS = [
    {"tau_mem": 10 * US, "tau_syn": 10 * US},
    {"tau_mem": 10 * US, "tau_syn": 5 * US, "leak": 0.05, "reset": -0.1, "refractory_time": 1 * US},
    {"tau_mem": 6 * US, "tau_syn": 9 * US, "leak": -0.1, "reset": 0.2, "refractory_time": 2 * US},
]


def weights(setting):
    """Return weights of two layers for which no membrane only just touches its threshold."""
    generator = torch.Generator().manual_seed({1.0: 0, 2.0: 1}.get(setting["tau_mem"] / setting["tau_syn"], 3))
    scale = setting["tau_mem"] / setting["tau_syn"]
    hidden = scale * (0.5 * torch.randn(4, 3, generator=generator, dtype=torch.float64) + 2.0)
    output = scale * (0.2 * torch.randn(2, 4, generator=generator, dtype=torch.float64) + 0.8)
    return hidden.requires_grad_(), output.requires_grad_()


TIMES = torch.tensor([[1.0, 4.0, 7.0], [3.0, 2.0, 12.0]], dtype=torch.float64) * US


def dense(times, dt):
    """Put single spikes (batch, source) on a grid."""
    steps = (times / dt).round().long()
    grid = torch.zeros((round(END / dt), *times.shape), dtype=torch.float64)
    return grid.scatter_(0, steps[None], 1.0)


def membrane_at_end(spikes, weight, tau_mem, tau_syn):
    """Membranes of leaky integrators at the end, written as a sum over spike times (batch, source, spike)."""
    span = (END - spikes).clamp(min=0).nan_to_num(posinf=0, neginf=0)
    if tau_mem == tau_syn:
        response = span / tau_mem * torch.exp(-span / tau_mem)
    else:
        response = tau_syn / (tau_mem - tau_syn) * (torch.exp(-span / tau_mem) - torch.exp(-span / tau_syn))
    return torch.where(spikes.isfinite(), response, 0.0).sum(2) @ weight.T


def close(got, wanted, share):
    for gradient, law in zip(got, wanted, strict=True):
        assert law.abs().max() > 0
        torch.testing.assert_close(gradient, law, rtol=0, atol=share * law.abs().max().item())


@pytest.mark.parametrize("setting", SETTINGS)
def test_gradient_of_membranes_tends_to_central_differences_of_continuous_time(setting):
    leaves = weights(setting)
    taus = setting["tau_mem"], setting["tau_syn"]
    factors = torch.tensor([[1.0, -2.0], [0.5, 1.5]], dtype=torch.float64)

    def continuous(hidden, output):
        spikes = exact_lif_spike_times(TIMES, hidden, CUBALIFParams(**setting), END)
        return (factors * membrane_at_end(spikes, output, *taus)).sum()

    wanted = []
    with torch.no_grad():
        for place, leaf in enumerate(leaves):
            slopes = torch.zeros_like(leaf)
            for index in range(leaf.numel()):
                shift = torch.zeros(leaf.numel(), dtype=leaf.dtype)
                shift[index] = 1e-6
                ends = [
                    continuous(*(x + sign * shift.reshape(x.shape) if i == place else x for i, x in enumerate(leaves)))
                    for sign in (1, -1)
                ]
                slopes.flatten()[index] = (ends[0] - ends[1]) / 2e-6
            wanted.append(slopes)

    dt = 0.01 * US
    hidden, output = leaves
    current = EventPropSynapseFunction.apply(dense(TIMES, dt), hidden, dt)
    spikes, _, _ = EventPropLIFFunction.apply(current, CUBALIFParams(**setting), dt)
    assert spikes.sum(0).max() > 1
    readout = cuba_li_integration(EventPropSynapseFunction.apply(spikes, output, dt), CUBALIParams(0, *taus), None, dt)
    close(torch.autograd.grad((factors * readout.membrane_cadc[-1]).sum(), leaves), wanted, 0.02)


@pytest.mark.parametrize("setting", SETTINGS)
def test_gradient_of_spike_times_through_two_layers_tends_to_the_exact_one(setting):
    leaves = weights(setting)
    params = CUBALIFParams(**setting)
    exact = exact_lif_spike_times(exact_lif_spike_times(TIMES, leaves[0], params, END), leaves[1], params, END)
    count = exact.isfinite().sum(2)
    assert count.min() > 0
    factors = torch.arange(1.0, exact.numel() + 1, dtype=torch.float64).sqrt().reshape(exact.shape) / US
    wanted = torch.autograd.grad((factors * torch.where(exact.isfinite(), exact, 0.0)).sum(), leaves)

    dt = 0.01 * US
    spikes = dense(TIMES, dt)
    for weight in leaves:
        spikes, _, _ = EventPropLIFFunction.apply(EventPropSynapseFunction.apply(spikes, weight, dt), params, dt)
    torch.testing.assert_close(spikes.sum(0).long(), count)
    by_time = torch.zeros_like(spikes)
    for batch, neuron in torch.cartesian_prod(torch.arange(2), torch.arange(2)):
        steps = spikes[:, batch, neuron].detach().nonzero()[:, 0]
        by_time[steps, batch, neuron] = factors[batch, neuron, : len(steps)]
    close(torch.autograd.grad(spikes, leaves, by_time), wanted, 0.02)


@pytest.mark.parametrize("recorded", ["nothing", "spikes", "membrane", "both"])
def test_values_are_those_of_the_loop_with_recordings_in_their_place(recorded):
    generator = torch.Generator().manual_seed(2)
    x = torch.rand(25, 2, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    z_hw = (torch.rand(22, 2, 3, generator=generator) < 0.1).double() if recorded in ("spikes", "both") else None
    v_hw = torch.rand(22, 2, 3, generator=generator).double() if recorded in ("membrane", "both") else None
    params, hw_data = CUBALIFParams(refractory_time=2 * US), HardwareObservables(z_hw, v_hw)
    got = EventPropLIFFunction.apply(x, params, US, hw_data)
    for trace, law in zip(got, cuba_lif_integration(x, params, hw_data, US), strict=False):
        torch.testing.assert_close(trace, law, rtol=0, atol=0)
    gradient = torch.autograd.grad(sum(trace.sum() for trace in got), x)[0]
    assert gradient.shape == x.shape
    assert gradient[:20].any()
    assert recorded == "nothing" or not gradient[22:].any()


def test_adjoints_jump_at_recorded_spikes_as_the_equations_say():
    """One neuron, one recorded spike; lambda_v and lambda_i written out."""
    steps, spike, tau_mem, tau_syn, leak, reset, threshold = 12, 6, 8 * US, 4 * US, 0.1, -0.2, 0.9
    x = torch.zeros(steps, 1, 1, dtype=torch.float64)
    x[1] = 5.0
    x.requires_grad_()
    z_hw = torch.zeros_like(x)
    z_hw[spike] = 1.0
    params = CUBALIFParams(leak, reset, threshold, tau_mem, tau_syn)
    _, membrane, current = traces = EventPropLIFFunction.apply(x, params, US, HardwareObservables(z_hw))
    by_time, by_membrane = 3e5, 2.0
    (gradient,) = torch.autograd.grad([traces[0], membrane], x, [by_time * z_hw, by_membrane * torch.ones_like(x)])

    slope_before = leak - threshold + current[spike - 1, 0, 0].item()
    slope_after = leak - reset + current[spike, 0, 0].item()
    assert slope_before > 0.2 * (threshold - leak)
    lambda_v, lambda_i, wanted = 0.0, 0.0, [0.0] * steps
    for t in reversed(range(steps)):
        wanted[t] = -tau_syn * lambda_i
        if t == spike:
            lambda_v = (slope_after * lambda_v + by_time) / slope_before
        else:
            lambda_v -= by_membrane / tau_mem
        lambda_i += US / tau_syn * (lambda_v - lambda_i)
        lambda_v -= US / tau_mem * lambda_v
    torch.testing.assert_close(gradient.flatten(), torch.tensor(wanted, dtype=torch.float64), rtol=1e-10, atol=0)


def test_synapse_weighs_spikes_and_differentiates_by_time():
    generator = torch.Generator().manual_seed(0)
    spikes = (torch.rand(9, 2, 4, generator=generator) < 0.5).double().requires_grad_()
    weight = torch.randn(3, 4, generator=generator, dtype=torch.float64).requires_grad_()
    output = EventPropSynapseFunction.apply(spikes, weight, US)
    torch.testing.assert_close(output, spikes @ weight.T)
    slope = torch.randn(2, 3, generator=generator, dtype=torch.float64)
    ramp = slope * torch.arange(9, dtype=torch.float64)[:, None, None] * US  # a loss that grows linearly with time
    by_spikes, by_weight = torch.autograd.grad(output, [spikes, weight], ramp)
    torch.testing.assert_close(by_spikes, (slope @ weight).expand(9, 2, 4))
    torch.testing.assert_close(by_weight, torch.einsum("tbo,tbi->oi", ramp, spikes))


@pytest.mark.parametrize("size", [1e4, -1e4, 0.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradients_are_finite_on_huge_inputs(size, dtype):
    x = torch.full((30, 2, 3), size, dtype=dtype)
    x[::3] *= -1
    x.requires_grad_()
    z_hw = torch.zeros_like(x)
    z_hw[::4] = 1.0
    for hw_data in (None, HardwareObservables(z_hw)):
        traces = EventPropLIFFunction.apply(x, CUBALIFParams(refractory_time=US), US, hw_data)
        (gradient,) = torch.autograd.grad(traces, x, [torch.full_like(x, 1e4)] * 3)
        assert gradient.dtype == dtype
        assert gradient.isfinite().all()


def network(experiment, reader=hxsnn.EventPropSynapse):
    torch.manual_seed(0)
    parts = (
        hxsnn.EventPropSynapse(3, 6, experiment),
        hxsnn.EventPropLIF(6, experiment, **unit.potentials(), tau_mem=6 * US, tau_syn=6 * US),
        reader(6, 2, experiment),
        unit.li(2, experiment, tau_mem=6 * US, tau_syn=6 * US),
    )
    spikes = torch.zeros(30, 4, 3)
    spikes[2:5, :, 0] = spikes[5, :, 1] = spikes[9, :, 2] = 1.0
    handle = hxsnn.NeuronHandle(spikes)
    handles = []
    for part in parts:
        handle = part(handle)
        handles.append(handle)
    return parts, handles


@pytest.mark.parametrize("mock", [True, False])
def test_modules_train_the_weights_of_all_layers(mock, ideal_chip):
    experiment = hxsnn.Experiment(mock=mock)
    parts, handles = network(experiment)
    factor = 1.0 if mock else 63 / 1.5  # full weight
    with torch.no_grad():
        parts[0].weight.fill_(1.5 * factor)
        parts[2].weight.fill_(0.4 * factor)
    hxsnn.run(experiment, 29)
    assert handles[1].spikes.sum() > 0
    handles[3].membrane_cadc.max(0).values.sum().backward()
    for part in (parts[0], parts[2]):
        assert part.weight.grad.isfinite().all()
        assert part.weight.grad.any()


def test_modules_are_the_functions():
    experiment = hxsnn.Experiment(mock=True)
    parts, handles = network(experiment)
    with torch.no_grad():
        parts[0].weight.fill_(1.5)
    hxsnn.run(experiment, None)
    spikes = torch.zeros(30, 4, 3)
    spikes[2:5, :, 0] = spikes[5, :, 1] = spikes[9, :, 2] = 1.0
    params = parts[1].params
    current = EventPropSynapseFunction.apply(spikes, parts[0].weight, US)
    wanted = EventPropLIFFunction.apply(current, params, US)
    traces = (handles[1].spikes, handles[1].membrane_cadc, handles[1].current)
    for trace, law in zip(traces, wanted, strict=True):
        torch.testing.assert_close(trace, law, rtol=0, atol=0)


def test_ordinary_synapse_behind_eventprop_neurons_is_refused():
    experiment = hxsnn.Experiment(mock=True)
    network(experiment, hxsnn.Synapse)
    with pytest.raises(ExperimentError, match="wanted an EventPropSynapse"):
        hxsnn.run(experiment, None)


def test_parameters_that_ask_for_a_gradient_are_refused():
    params = CUBALIFParams(tau_mem=torch.tensor(1e-5, requires_grad=True))
    with pytest.raises(ParameterError, match="tau_mem: asks for a gradient"):
        EventPropLIFFunction.apply(torch.zeros(3, 2, 1), params)


def positions(params):
    """Return the parameters as today's function takes them."""
    return params.leak, params.reset, params.threshold, params.tau_syn, params.tau_mem


@pytest.mark.parametrize("setting", [SETTINGS[0], {"leak": 0.05, "reset": -0.1, "tau_mem": 6 * US}])
def test_pair_of_two_stacked_currents_has_the_values_and_gradients_of_the_other_form(setting):
    params, dt = CUBALIFParams(**setting), 0.5 * US
    found = []
    for stacked in (True, False):
        leaves = weights(SETTINGS[0])
        step = () if stacked else (dt,)
        spikes, traces = dense(TIMES, dt), []
        for weight in leaves:
            current = EventPropSynapseFunction.apply(spikes, weight, *step)
            assert current.ndim == (4 if stacked else 3)
            if stacked:
                assert current.shape[0] == 2
                traces += EventPropLIFFunction.apply(current, *positions(params), None, dt)
            else:
                traces += EventPropLIFFunction.apply(current, params, dt)
            spikes = traces[-3]
        assert spikes.any()
        loss = sum((index + 1) * trace.square().sum() for index, trace in enumerate(traces[-2:]))
        found.append([*traces, *torch.autograd.grad(loss, leaves)])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=0)


def test_first_row_of_stacked_currents_is_the_rest():
    x = torch.zeros(2, 6, 1, 3)
    spikes, membrane, current = EventPropLIFFunction.apply(
        x, *(torch.tensor(value) for value in (0.3, 0.0, 1.0, 1e-5, 1e-5)), None, US
    )
    assert spikes.shape == membrane.shape == current.shape == (6, 1, 3)
    assert not spikes.any()
    assert not current.any()
    torch.testing.assert_close(membrane, torch.full_like(membrane, 0.3))


def test_current_of_a_pair_drives_any_neuron():
    dt = 0.5 * US
    gradients = []
    for stacked in (True, False):
        weight = weights(SETTINGS[0])[0]
        spikes = dense(TIMES, dt).requires_grad_()
        if stacked:
            current = EventPropCurrent.apply(EventPropSynapseFunction.apply(spikes, weight), dt)
        else:
            current = EventPropSynapseFunction.apply(spikes, weight, dt)
        membrane = cuba_li_integration(current, CUBALIParams(0.0, 1e-5, 1e-5), None, dt).membrane_cadc
        gradients.append(torch.autograd.grad(membrane.square().sum(), (spikes, weight)))
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=0)


def test_missing_parameters_and_wrong_stacks_are_refused():
    with pytest.raises(ParameterError, match="threshold, tau_syn, tau_mem: missing"):
        EventPropLIFFunction.apply(torch.zeros(2, 6, 1, 3), 0.0, 0.0)
    with pytest.raises(TensorShapeError, match=r"wanted \(2, time, batch, neuron\)"):
        EventPropLIFFunction.apply(torch.zeros(3, 6, 1, 3), 0.0, 0.0, 1.0, 1e-5, 1e-5)


@pytest.mark.parametrize("reader", [hxsnn.EventPropLIF, hxsnn.Neuron, hxsnn.LI, hxsnn.IAFNeuron])
def test_layers_read_the_pair_of_a_synapse_of_the_users_own(reader):
    """Values and gradients are those of the layer behind an EventPropSynapse."""

    class Stacked(hxsnn.Synapse):
        def forward_func(self, input):
            return hxsnn.SynapseHandle(EventPropSynapseFunction.apply(input.spikes, self.weight))

    spikes = (torch.rand(30, 2, 3, generator=torch.Generator().manual_seed(0)) < 0.3).float()
    found = []
    for kind in (Stacked, hxsnn.EventPropSynapse):
        experiment = hxsnn.Experiment(mock=True)
        synapse, neuron = kind(3, 2, experiment), reader(2, experiment)
        torch.nn.init.constant_(synapse.weight, 20.0)
        given = spikes.clone().requires_grad_()
        handle = neuron(synapse(hxsnn.NeuronHandle(given)))
        hxsnn.run(experiment, None)
        handle.membrane_cadc.square().sum().backward()
        found.append((handle.membrane_cadc.detach(), synapse.weight.grad, given.grad))
    for got, law in zip(*found, strict=True):
        torch.testing.assert_close(got, law, rtol=1e-4, atol=1e-6 * law.abs().max().item())


def test_a_layer_calls_the_function_of_today_with_the_parameters_that_it_names():
    experiment = hxsnn.Experiment(mock=True)
    synapse = hxsnn.Synapse(3, 2, experiment, func=EventPropSynapseFunction)
    neuron = hxsnn.Neuron(2, experiment, threshold=90.0, func=EventPropLIFFunction)
    torch.nn.init.constant_(synapse.weight, 20.0)
    handle = neuron(synapse(hxsnn.NeuronHandle(torch.ones(20, 1, 3))))
    hxsnn.run(experiment, None)
    pair = EventPropSynapseFunction.apply(torch.ones(20, 1, 3), synapse.weight)
    law = EventPropLIFFunction.apply(pair, 80.0, 80.0, 90.0, 1e-5, 1e-5)
    assert handle.spikes.sum() > 0
    torch.testing.assert_close(handle.membrane_cadc, law[1])
