"""Populations that read each other's spikes are stepped together, and stay what they are on the chip."""

import pytest
import torch
import unit_layers as unit

from hxtorch import snn as hxsnn
from hxtorch.spiking.errors import ExperimentError, ParameterError, TensorShapeError
from hxtorch.spiking.functional import step_by_step
from hxtorch.spiking.observables import HardwareObservables

SIZES = (6, 4)
TERMS = {"exponential": True, "subthreshold_adaptation": True, "spike_triggered_adaptation": True}
STEPS = 60


def drawn(shape, mean, seed):
    return mean + 0.5 * torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def adaptive(size, exp, **arguments):
    """Return neurons whose other terms all show."""
    values = {
        "exponential_slope": 0.2,
        "exponential_threshold": 0.8,
        "subthreshold_adaptation_strength": 0.5,
        "spike_triggered_adaptation_increment": 0.3,
        "tau_adap": 30e-6,
    }
    return unit.aelif(size, exp, **TERMS, **values, **arguments)


def network(exp, kinds=(unit.lif, unit.lif), synapse=hxsnn.Synapse, **arguments):
    """Two populations: input to the first, there and back, and the second to itself."""
    a, b = (kind(size, exp, **arguments) for kind, size in zip(kinds, SIZES, strict=True))
    pairs = [(5, 6, 1.0, 0), (6, 4, 1.0, 1), (4, 6, 0.5, 2), (4, 4, -0.3, 3)]
    synapses = []
    for sources, targets, mean, seed in pairs:
        module = synapse(sources, targets, exp)
        with torch.no_grad():
            module.weight.copy_(drawn((targets, sources), mean, seed))
        synapses.append(module)
    first, forth, back, own = synapses
    return first, hxsnn.RecurrentNetwork(exp, [a, b], [(a, b, forth), (b, a, back), (b, b, own)])


def spike_input(batch=3):
    return (torch.rand(STEPS, batch, 5, generator=torch.Generator().manual_seed(9)) < 0.1).float()


def run(exp, first, layer):
    z_a, z_b = layer([first(hxsnn.NeuronHandle(spike_input()))], [])
    hxsnn.run(exp, STEPS)
    return z_a, z_b


@pytest.mark.parametrize(
    "kinds",
    [
        (unit.lif, unit.lif),
        (unit.iaf, unit.lif),
        (unit.iaf, unit.iaf),
        (adaptive, adaptive),
        (adaptive, unit.lif),
        (unit.iaf, adaptive),
    ],
)
def test_each_population_is_the_neuron_alone_on_what_reaches_it(kinds):
    """Given the spikes of the other one, a population does what its own module does without any wrapper."""
    exp = hxsnn.Experiment(mock=True)
    first, layer = network(exp, kinds)
    with torch.no_grad():
        handles = run(exp, first, layer)
        late = [torch.cat([torch.zeros_like(z.spikes[:1]), z.spikes[:-1]]) for z in handles]
        forth, back, own = (link.synapse for link in layer.links)
        into = [first.weigh(spike_input()) + back.weigh(late[1]), forth.weigh(late[0]) + own.weigh(late[1])]
        for neuron, handle, current in zip(layer.populations, handles, into, strict=True):
            assert handle.spikes.sum() > 20
            alone = neuron(hxsnn.SynapseHandle(current))
            hxsnn.run(exp, STEPS)
            assert torch.equal(alone.spikes, handle.spikes)
            torch.testing.assert_close(alone.membrane_cadc, handle.membrane_cadc, atol=1e-5, rtol=1e-5)
            torch.testing.assert_close(alone.adaptation_cadc, handle.adaptation_cadc, atol=1e-5, rtol=1e-5)
            assert (handle.adaptation_cadc is None) == (not neuron.step.adapting)


def test_a_network_of_one_population_is_the_recurrent_layer():
    found = []
    for whole in (False, True):
        exp = hxsnn.Experiment(mock=True)
        syn, neuron, ring = hxsnn.Synapse(5, 6, exp), unit.lif(6, exp), hxsnn.Synapse(6, 6, exp)
        with torch.no_grad():
            syn.weight.copy_(drawn((6, 5), 1.0, 0))
            ring.weight.copy_(drawn((6, 6), 0.0, 1))
        x = syn(hxsnn.NeuronHandle(spike_input()))
        z = (
            hxsnn.RecurrentNetwork(exp, [neuron], [(neuron, neuron, ring)])([x])[0]
            if whole
            else hxsnn.Recurrent(exp, neuron, ring)(x)
        )
        hxsnn.run(exp, STEPS)
        found.append([z.spikes, *torch.autograd.grad(z.spikes.square().sum(), [syn.weight, ring.weight])])
    torch.testing.assert_close(*found)


def gradients(exp, first, layer):
    weights = [first.weight, *(link.synapse.weight for link in layer.links)]
    z_a, z_b = run(exp, first, layer)
    return z_a.spikes, z_b.spikes, *torch.autograd.grad(z_b.membrane_cadc.square().mean(), weights)


def own_model(spikes, weight):
    return torch.nn.functional.linear(spikes, weight)


@pytest.mark.parametrize("kinds", [(unit.lif, unit.lif), (adaptive, unit.lif)])
def test_compiled_steps_and_synapse_by_synapse_agree(kinds):
    exp = hxsnn.Experiment(mock=True)
    found = gradients(exp, *network(exp, kinds))
    with step_by_step():
        looped = gradients(exp, *network(exp, kinds))
    split = gradients(exp, *network(exp, kinds, synapse=lambda *given: hxsnn.Synapse(*given, func=own_model)))
    for other in (looped, split):
        torch.testing.assert_close(other, found, rtol=1e-4, atol=1e-5)


def test_dropout_reaches_a_population_of_the_network():
    exp = hxsnn.Experiment(mock=True)
    first, layer = network(exp)
    torch.manual_seed(0)
    dropout = hxsnn.BatchDropout(4, 0.5, exp)
    _, z_b = layer([first(hxsnn.NeuronHandle(spike_input()))], [])
    dropped = dropout(z_b)
    hxsnn.run(exp, STEPS)
    silent = ~dropout.mask
    assert 0 < silent.sum() < 4
    assert (z_b.spikes[..., silent] == 0).all()
    assert dropped.spikes[..., ~silent].sum() > 0


@pytest.mark.parametrize("kinds", [(unit.lif, unit.lif), (unit.aelif, unit.lif)])
def test_chip_agrees_with_the_model(ideal_chip, kinds):
    """The input drives neuron 0 of the first population, that one neuron 1 of the second, that one 2 of the first."""
    results = []
    for mock in (True, False):
        exp = hxsnn.Experiment(mock=mock)
        first, layer = network(exp, kinds, trace_offset=-48.0, trace_scale=1 / 45, refractory_time=10e-6)
        forth, back, own = (link.synapse for link in layer.links)
        for synapse in (first, forth, back, own):  # PSPs of 0.28 LSB per weight LSB over a threshold of 45 LSB
            synapse.weight_transform = lambda weight: (50 * weight).clamp(-63, 63)
            torch.nn.init.zeros_(synapse.weight)
        with torch.no_grad():
            first.weight[0] = 0.3
            forth.weight[1, 0] = back.weight[2, 1] = 1.2
        x = torch.zeros(STEPS, 2, 5)
        x[[5, 6, 7, 30, 31]] = 1
        z = layer([first(hxsnn.NeuronHandle(x))], [])
        hxsnn.run(exp, STEPS)
        results.append(z)
    for mock, chip in zip(*results, strict=True):
        assert torch.equal(mock.spikes.sum(0), chip.spikes.sum(0))
        assert (mock.membrane_cadc - chip.membrane_cadc)[..., 1:3].abs().max() < 0.15
    (mock_a, mock_b), (chip_a, chip_b) = results
    assert (mock_a.spikes.sum(0)[:, 0] >= 2).all()
    assert mock_b.membrane_cadc[..., 1].max() > 0.3
    (chip_a.membrane_cadc.sum() + chip_b.membrane_cadc.sum()).backward()
    assert forth.weight.grad.abs().sum() > 0


def test_what_does_not_fit_says_so():
    exp = hxsnn.Experiment(mock=True)
    a, b = unit.lif(6, exp), unit.lif(4, exp)
    with pytest.raises(TensorShapeError, match="6 to 6 neurons, wanted 6 to 4"):
        hxsnn.RecurrentNetwork(exp, [a, b], [(a, b, hxsnn.Synapse(6, 6, exp))])
    with pytest.raises(ParameterError, match="none of this network's"):
        hxsnn.RecurrentNetwork(exp, [a], [(a, b, hxsnn.Synapse(6, 4, exp))])
    with pytest.raises(ParameterError, match="got LI"):
        hxsnn.RecurrentNetwork(exp, [a, unit.li(4, exp)], [])
    with pytest.raises(ParameterError, match="got AELIF, wanted firing"):
        hxsnn.RecurrentNetwork(exp, [a, unit.aelif(4, exp, fire=False)], [])
    with pytest.raises(ParameterError, match="several values of alpha"):
        hxsnn.RecurrentNetwork(exp, [a, unit.lif(4, exp, alpha=1.0)], [])
    with pytest.raises(ExperimentError, match="got 1 sequences of handles, wanted one for each of its 2"):
        hxsnn.RecurrentNetwork(exp, [a, b], [])([])


def test_recordings_of_some_populations_only_are_refused(ideal_chip, monkeypatch):
    exp = hxsnn.Experiment()
    first, layer = network(exp)
    layer([first(hxsnn.NeuronHandle(spike_input()))], [])
    monkeypatch.setattr(layer.populations[1], "post_process", lambda *_: HardwareObservables(), raising=True)
    with pytest.raises(ExperimentError, match="spikes: got none of 1 of 2 populations"):
        hxsnn.run(exp, STEPS)
