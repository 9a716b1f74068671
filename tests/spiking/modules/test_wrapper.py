"""Modules in a circle are computed as one and stay what they are on the chip."""

import pytest
import torch
import unit_layers as unit

from hxtorch import core
from hxtorch import snn as hxsnn
from hxtorch.spiking.errors import ExperimentError, ParameterError, TensorShapeError, TensorTypeError
from hxtorch.spiking.functional import CUBALIFParams, cuba_lif_integration

SIZE, STEPS = 4, 60


def spike_input(batch=2):
    spikes = torch.zeros(STEPS, batch, 5)
    spikes[[5, 6, 7, 30, 31]] = 1
    return spikes


def layer(exp, kind=unit.lif, **arguments):
    """Synapse, neuron, recurrent synapse: neuron 0 is driven and excites neuron 1, that one excites 2."""
    syn, rec = hxsnn.Synapse(5, SIZE, exp), hxsnn.Synapse(SIZE, SIZE, exp)
    with torch.no_grad():
        syn.weight.zero_()[0] = 2.0
        rec.weight.zero_()
        rec.weight[1, 0] = rec.weight[2, 1] = 8.0
    return syn, kind(SIZE, exp, **arguments), rec


def unrolled(input, modules, params, hw_data, dt):
    """Integrate by calling the feed-forward model until nothing changes: a circle of delay 1 settles in as many."""
    _neuron, rec = modules
    spikes = torch.zeros_like(input)
    for _ in range(len(input)):
        back = torch.cat([torch.zeros_like(spikes[:1]), spikes[:-1]]) @ rec.weight.T
        traces = cuba_lif_integration(input + back, params, hw_data[0], dt)
        if torch.equal(traces.spikes, spikes):
            break
        spikes = traces.spikes
    return (traces.spikes, traces.membrane_cadc, traces.current), back


class Unrolled(hxsnn.HXModuleWrapper):
    def forward_func(self, input, hw_data=()):
        traces, back = unrolled(input.graded_spikes, self.wrapped, self.wrapped[0].params, hw_data, self.experiment.dt)
        return {"neuron": traces, "recurrent": back}


def call_one_by_one(exp, modules):
    syn, lif, rec = modules
    exp.wrap_modules([lif, rec], unrolled)
    z = hxsnn.NeuronHandle()
    back = rec(z)
    assert lif(syn(hxsnn.NeuronHandle(spike_input())), back, output=z) is z
    return z


def call_subclass(exp, modules):
    syn, lif, rec = modules
    return Unrolled(exp, neuron=lif, recurrent=rec)(syn(hxsnn.NeuronHandle(spike_input())))


def call_recurrent(exp, modules):
    syn, lif, rec = modules
    return hxsnn.Recurrent(exp, lif, rec)(syn(hxsnn.NeuronHandle(spike_input())))


def call_both(exp, modules):
    """The subclass takes over what is called one by one."""
    syn, lif, rec = modules
    wrapper = Unrolled(exp, neuron=lif, recurrent=rec)
    exp.connect_wrapper(wrapper)
    z = hxsnn.NeuronHandle()
    lif(syn(hxsnn.NeuronHandle(spike_input())), rec(z), output=z)
    assert wrapper() is z
    return z


SPELLINGS = [call_one_by_one, call_both, call_subclass, call_recurrent]


@pytest.mark.parametrize("call", SPELLINGS)
def test_circle_in_the_numerics(call):
    exp = hxsnn.Experiment(mock=True)
    modules = layer(exp)
    z = call(exp, modules)
    assert z.spikes is None
    hxsnn.run(exp, STEPS)
    fired = z.spikes.sum(0)
    assert (fired[:, :3] > 0).all()
    assert (fired[:, 3] == 0).all()
    first = z.spikes[:, 0].argmax(0)
    assert first[0] < first[1] < first[2]
    assert z.membrane_cadc.shape == z.current.shape == (STEPS, 2, SIZE)


def adaptive(size, exp, **arguments):
    terms = ("exponential", "subthreshold_adaptation", "spike_triggered_adaptation")
    return unit.aelif(size, exp, **dict.fromkeys(terms, True), **arguments)


@pytest.mark.parametrize("kind", [unit.lif, unit.iaf, adaptive])
def test_recurrent_layer_without_weights_is_the_layer_alone(kind):
    exp = hxsnn.Experiment(mock=True)
    syn, neuron, rec = layer(exp, kind, **({"reset": 0.1} if kind is unit.iaf else {"leak": 0.1}))
    torch.nn.init.zeros_(rec.weight)
    x = hxsnn.NeuronHandle(spike_input())
    alone = neuron(syn(x))
    hxsnn.run(exp, None)
    z = hxsnn.Recurrent(exp, neuron, rec)(syn(x))
    hxsnn.run(exp, None)
    for name in ("spikes", "membrane_cadc", "current", "adaptation_cadc"):
        torch.testing.assert_close(getattr(z, name), getattr(alone, name))


def test_recurrent_layer_is_the_unrolled_one():
    results = []
    for call in SPELLINGS[2:]:
        exp = hxsnn.Experiment(mock=True)
        modules = layer(exp)
        torch.manual_seed(1)
        with torch.no_grad():
            for module in modules[::2]:
                module.weight.add_(0.3 * torch.rand_like(module.weight))
        z = call(exp, modules)
        hxsnn.run(exp, STEPS)
        results.append((z, modules))
    (other, _), (z, modules) = results
    torch.testing.assert_close(z.spikes, other.spikes)
    torch.testing.assert_close(z.membrane_cadc, other.membrane_cadc)
    assert z.spikes.sum() > 20
    z.membrane_cadc.square().mean().backward()
    for module in modules[::2]:
        assert module.weight.grad.isfinite().all()
        assert module.weight.grad.abs().sum() > 0


def test_recurrent_gradient_is_the_numeric_one_where_it_is_smooth():
    hxsnn.Experiment(mock=True)
    """Graded "spikes" smaller than any that resets make the circle smooth."""
    generator = torch.Generator().manual_seed(0)
    current, weight = (torch.rand(shape, dtype=torch.float64, generator=generator) for shape in ((8, 2, 3), (3, 3)))
    params = CUBALIFParams(leak=0.1, tau_mem=5e-6, tau_syn=4e-6, method=lambda distance, alpha: -distance.square())

    def membrane(current, weight):
        return cuba_lif_integration(current, params, feedback=lambda z: z @ weight.T).membrane_cadc

    assert torch.autograd.gradcheck(membrane, (current.requires_grad_(), weight.requires_grad_()))


@pytest.mark.parametrize("call", SPELLINGS)
def test_circle_on_the_chip(ideal_chip, call):
    exp = hxsnn.Experiment()
    modules = layer(exp, trace_offset=-48.0, trace_scale=1 / 45)
    for synapse in modules[::2]:
        synapse.weight_transform = lambda weight: 30 * weight.clamp(max=2)
    _syn, _lif, rec = modules
    with torch.no_grad():
        rec.weight.mul_(10)
    z = call(exp, modules)
    hxsnn.run(exp, STEPS)
    fired = z.spikes.sum(0)
    assert (fired[:, 0] > 0).all()
    assert z.membrane_cadc[..., 1].max() > 0.2  # excited by neuron 0 alone, through the chip's event path
    assert fired[:, 3].sum() == 0
    z.membrane_cadc.sum().backward()
    assert rec.weight.grad[1, 0] != 0
    assert len(exp.execution_info) == 1
    torch.nn.init.zeros_(rec.weight)
    silent = call(exp, modules)
    hxsnn.run(exp, STEPS)
    assert silent.membrane_cadc[..., 1].max() < 0.1


def test_recurrent_chip_agrees_with_the_model(ideal_chip):
    results = []
    for mock in (True, False):
        exp = hxsnn.Experiment(mock=mock)
        modules = layer(exp, trace_offset=-48.0, trace_scale=1 / 45, refractory_time=10e-6)
        for synapse in modules[::2]:  # PSPs of 0.28 LSB per weight LSB over a threshold of 45 LSB
            synapse.weight_transform = lambda weight: (50 * weight).clamp(-63, 63)
        with torch.no_grad():
            modules[0].weight.mul_(0.15)
            modules[2].weight.copy_(torch.where(modules[2].weight > 0, 1.2, 0.0))
        z = call_recurrent(exp, modules)
        hxsnn.run(exp, STEPS)
        results.append(z)
    mock, chip = results
    assert torch.equal(mock.spikes.sum(0), chip.spikes.sum(0))
    assert (mock.spikes.sum(0)[:, 0] >= 2).all()
    assert mock.membrane_cadc[..., 1].max() > 0.3
    assert (mock.membrane_cadc - chip.membrane_cadc)[..., 1].abs().max() < 0.15


def test_adaptation_reaches_a_recurrent_layer():
    spikes = []
    for strength in (0.0, 2.0):
        exp = hxsnn.Experiment(mock=True)
        syn, lif, rec = layer(exp, adaptive, spike_triggered_adaptation_increment=strength)
        z = hxsnn.Recurrent(exp, lif, rec)(syn(hxsnn.NeuronHandle(spike_input())))
        hxsnn.run(exp, STEPS)
        spikes.append(z.spikes.sum((0, 1)))
    assert (spikes[1][:3] < spikes[0][:3]).all()


def test_sparse_recurrence():
    exp = hxsnn.Experiment(mock=True)
    syn, lif, _dense = layer(exp)
    sparse = hxsnn.SparseSynapse(torch.eye(SIZE).roll(1, 1), exp)
    torch.nn.init.constant_(sparse.weight, 8.0)
    z = hxsnn.Recurrent(exp, lif, sparse)(syn(hxsnn.NeuronHandle(spike_input())))
    hxsnn.run(exp, STEPS)
    assert (z.spikes.sum(0) > 0).all()  # round the ring


def test_network_behind_a_circle_reads_its_spikes():
    exp = hxsnn.Experiment(mock=True)
    z = call_recurrent(exp, layer(exp))
    y = unit.li(2, exp)(hxsnn.Synapse(SIZE, 2, exp)(z))
    hxsnn.run(exp, STEPS)
    assert y.membrane_cadc.abs().max() > 0


def test_wrapped_row_of_modules_and_its_parts():
    exp = hxsnn.Experiment(mock=True)
    syn, lif, other = hxsnn.Synapse(5, 3, exp), unit.lif(3, exp), unit.lif(3, exp)
    seen = []

    def func(input, params, hw_data, dt):
        seen.append((input, params, hw_data, dt))
        return torch.full((STEPS, 2, 3), 1.0), (torch.full((STEPS, 2, 3), 2.0), torch.full((STEPS, 2, 3), 3.0))

    x = hxsnn.NeuronHandle(spike_input())
    i = syn(x)
    z = lif(i)
    wrapper = exp.wrap_modules([syn, lif], func)
    assert wrapper.contains(syn)
    assert wrapper.contains([syn, lif])
    assert not wrapper.contains([syn, other])
    hxsnn.run(exp, STEPS)
    assert (i.graded_spikes == 1).all()
    assert (z.spikes == 2).all()
    assert (z.membrane_cadc == 3).all()
    ((input, params, hw_data, dt),) = seen
    assert torch.equal(input, x.spikes)
    assert params.threshold == 1.0  # one module has parameters, so there is nothing to tell apart
    assert hw_data == (None, None)
    assert dt == 1e-6
    lif(syn(x))  # wrapped in later passes too
    hxsnn.run(exp, STEPS)
    assert len(seen) == 2
    wrapper.update([syn, other], lambda input: (input, input[..., :3]))
    z = other(syn(x))
    hxsnn.run(exp, STEPS)
    assert torch.equal(z.spikes, x.spikes[..., :3])
    assert len(seen) == 2


def test_exec_forward_fills_the_handles_of_all_modules():
    exp = hxsnn.Experiment(mock=True)
    syn, lif = hxsnn.Synapse(5, 3, exp), unit.lif(3, exp)
    wrapper = hxsnn.HXModuleWrapper(exp, [syn, lif], lambda spikes: (spikes + 1, spikes + 2))
    outputs = hxsnn.SynapseHandle(), hxsnn.NeuronHandle()
    wrapper.exec_forward((hxsnn.NeuronHandle(torch.zeros(3, 2, 5)),), outputs, {})
    assert outputs[0].graded_spikes.unique().item() == 1
    assert outputs[1].spikes.unique().item() == 2
    assert len(list(wrapper.parameters())) == 0  # a list belongs to its owner
    named = hxsnn.HXModuleWrapper(exp, syn=syn, lif=lif)
    assert list(named.parameters()) == [syn.weight]
    assert named.syn is syn


def test_subclass_may_return_the_last_population_alone():
    class Mine(hxsnn.HXModuleWrapper):
        def forward_func(self, input, hw_data=()):
            return hxsnn.NeuronHandle(torch.ones_like(input.spikes[..., :3]))

    exp = hxsnn.Experiment(mock=True)
    z = Mine(exp, a=hxsnn.Synapse(5, 3, exp), b=unit.lif(3, exp))(hxsnn.NeuronHandle(spike_input()))
    hxsnn.run(exp, STEPS)
    assert (z.spikes == 1).all()


def test_two_populations_in_a_circle(ideal_chip):
    exp = hxsnn.Experiment()
    a, b = unit.lif(2, exp), unit.lif(3, exp)
    ab, ba = hxsnn.Synapse(2, 3, exp), hxsnn.Synapse(3, 2, exp)

    class Ring(hxsnn.HXModuleWrapper):
        def forward_func(self, input, hw_data=()):
            return hw_data[0].spikes, hw_data[0].spikes @ ab.weight.T, hw_data[2].spikes, None

    z = Ring(exp, a=a, ab=ab, b=b, ba=ba)(hxsnn.Synapse(5, 2, exp)(hxsnn.NeuronHandle(spike_input())))
    assert exp.modules.source_populations(a) == [b]
    assert exp.modules.target_populations(a) == [b]
    hxsnn.run(exp, STEPS)
    assert z.spikes.shape[-1] == 3


def test_what_can_not_be_wrapped(ideal_chip):
    exp = hxsnn.Experiment(mock=True)
    syn, lif, rec = layer(exp)
    with pytest.raises(ExperimentError, match="each once"):
        hxsnn.HXModuleWrapper(exp, [lif, lif])
    with pytest.raises(ExperimentError, match="got 0 modules"):
        exp.wrap_modules([], unrolled)
    with pytest.raises(TensorTypeError, match="got Linear"):
        exp.wrap_modules([torch.nn.Linear(2, 2)], unrolled)
    exp.wrap_modules([lif, rec], unrolled)
    with pytest.raises(ExperimentError, match="another wrapper"):
        exp.wrap_modules([lif, syn], unrolled)
    x = hxsnn.NeuronHandle(spike_input())
    lif(syn(x))
    with pytest.raises(ExperimentError, match=r"Synapse.*not called"):
        hxsnn.run(exp, STEPS)
    rec(hxsnn.NeuronHandle())
    lif(syn(x))
    with pytest.raises(ExperimentError, match="no module of this experiment fills"):
        hxsnn.run(exp, STEPS)
    exp.wrap_modules([lif, rec], lambda current: current)
    z = hxsnn.NeuronHandle()
    lif(syn(x), rec(z), output=z)
    with pytest.raises(ExperimentError, match="1 values, wanted 2"):
        hxsnn.run(exp, STEPS)
    with pytest.raises(TensorTypeError, match="output of LIF"):
        lif(syn(x), output=hxsnn.SynapseHandle())
    exp.clear()
    with pytest.raises(ExperimentError, match="filled already"):
        lif(syn(x), output=hxsnn.NeuronHandle(spike_input()))


def test_circle_without_wrapper_names_its_modules():
    exp = hxsnn.Experiment(mock=True)
    syn, lif, rec = layer(exp)
    z = hxsnn.NeuronHandle()
    wrapper = exp.wrap_modules([syn, rec], unrolled)
    lif(rec(z), output=z)
    syn(hxsnn.NeuronHandle(spike_input()))
    with pytest.raises(ExperimentError, match=r"circle.*Recurrent"):
        hxsnn.run(exp, STEPS)
    assert wrapper.contains(rec)


def test_recurrent_layer_of_what_can_not_be_one():
    exp = hxsnn.Experiment(mock=True)
    with pytest.raises(TensorShapeError, match="4 to 3"):
        hxsnn.Recurrent(exp, unit.lif(4, exp), hxsnn.Synapse(4, 3, exp))
    with pytest.warns(DeprecationWarning, match="NeuronExp"):
        old = hxsnn.NeuronExp(4, exp)
    for neuron in (
        old,
        unit.aelif(4, exp, fire=False),
        unit.li(4, exp),
        hxsnn.modules.EventPropLIF(4, exp),
    ):
        with pytest.raises(ParameterError, match=f"got {type(neuron).__name__}"):
            hxsnn.Recurrent(exp, neuron, hxsnn.Synapse(4, 4, exp))


def test_recurrent_layer_that_does_not_fit_says_so(ideal_chip):
    exp = hxsnn.Experiment()
    lif, rec = unit.lif(200, exp), hxsnn.Synapse(200, 200, exp)
    hxsnn.Recurrent(exp, lif, rec)(hxsnn.Synapse(5, 200, exp)(hxsnn.NeuronHandle(spike_input())))
    with pytest.raises(core.RoutingError, match="128"):
        hxsnn.run(exp, STEPS)
