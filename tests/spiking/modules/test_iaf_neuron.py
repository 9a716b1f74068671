"""Neurons without leak, in the model and on a chip."""

import pytest
import torch

from hxtorch import snn as hxsnn
from hxtorch.core import current_session
from hxtorch.spiking.errors import ParameterWarning
from hxtorch.spiking.functional import CUBAIAFParams, cuba_refractory_iaf_integration


def spikes_at(*steps, length=150, batch=1, size=1):
    spikes = torch.zeros(length, batch, size)
    spikes[list(steps)] = 1
    return spikes


def run(exp, spikes, weight, runtime=None, **arguments):
    units = {"reset": hxsnn.MixedHXModelParameter(0.0, 80), "threshold": hxsnn.MixedHXModelParameter(1.0, 125)}
    syn, iaf = hxsnn.Synapse(spikes.shape[2], 2, exp), hxsnn.IAFNeuron(2, exp, **{**units, **arguments})
    torch.nn.init.constant_(syn.weight, weight)
    z = iaf(syn(hxsnn.NeuronHandle(spikes)))
    hxsnn.run(exp, runtime)
    return syn, z


def test_module_is_its_function():
    exp = hxsnn.Experiment(mock=True, dt=1e-6)
    spikes = spikes_at(3, 9, 20, size=3)
    arguments = {"tau_mem": 8e-6, "tau_syn": 5e-6, "refractory_time": 2e-6, "alpha": 7.0, "reset": 0.1}
    syn, z = run(exp, spikes, 1.0, **arguments, membrane_capacitance=8e-6)
    law = cuba_refractory_iaf_integration(spikes @ syn.weight.T, CUBAIAFParams(**arguments))
    assert law.spikes.sum() > 3
    for got, wanted in zip((z.spikes, z.membrane_cadc, z.current), law, strict=False):
        assert torch.equal(got, wanted)
    z.spikes.sum().backward()
    assert syn.weight.grad.abs().sum() > 0


def test_unknown_and_missing_arguments():
    exp = hxsnn.Experiment(mock=True)
    with pytest.warns(ParameterWarning, match="no argument 'leak'"):
        hxsnn.IAFNeuron(2, exp, leak=0.1)
    assert not hasattr(hxsnn.IAFNeuron(2, exp), "leak")


def test_membrane_on_the_chip_keeps_what_it_got(ideal_chip):
    """A leaky one forgets within some time constants; without leak, about 5 ms remain."""
    exp = hxsnn.Experiment(dt=1e-6)
    _, z = run(exp, spikes_at(20), 60, 150, threshold=hxsnn.MixedHXModelParameter(1.0, 200), trace_offset=-48.0)
    membrane = z.membrane_cadc[:, 0, 0]
    plateau = membrane[80:100].mean()
    assert membrane[:18].abs().max() < 1.5
    assert plateau > 10
    assert 0.95 < membrane[125:145].mean() / plateau < 1.01
    leaky = hxsnn.Neuron(2, exp, threshold=hxsnn.MixedHXModelParameter(1.0, 200), trace_offset=-48.0)
    syn = hxsnn.Synapse(1, 2, exp)
    torch.nn.init.constant_(syn.weight, 60)
    z = leaky(syn(hxsnn.NeuronHandle(spikes_at(20))))
    hxsnn.run(exp, 150)
    assert z.membrane_cadc[125:145].abs().max() < 1.5


def test_chip_agrees_with_the_model(ideal_chip):
    """The step of one spike calibrates the weight; then both fire after as many spikes."""
    exp = hxsnn.Experiment(dt=1e-6)
    units = {"trace_scale": 1 / 45, "trace_offset": -48.0, "refractory_time": 2e-6}
    _, z = run(exp, spikes_at(20), 20, 150, **units)
    step = z.membrane_cadc[80:100, 0, 0].mean().item()
    assert not z.spikes.any()
    spikes = spikes_at(*range(10, 110, 7))
    _, chip = run(exp, spikes, 20, 150, **units)
    _, model = run(hxsnn.Experiment(mock=True, dt=1e-6), spikes, step, 150, **units)
    got, wanted = (z.spikes[:, 0, 0].nonzero().flatten() for z in (chip, model))
    assert len(got) == len(wanted) >= 4
    # The chip is reset within half a microsecond while its input goes on; a step of the model loses what overshoots.
    ratio = (got - 10) / (wanted - 10)
    assert 0.85 < ratio.min() <= ratio.max() < 1.05


def test_leak_is_off_where_neurons_do_not_leak_and_rest_at_the_reset(ideal_chip):
    exp = hxsnn.Experiment(dt=1e-6)
    iaf = hxsnn.IAFNeuron(2, exp, reset=hxsnn.MixedHXModelParameter(0.0, 100), placement_constraint=[5, 9])
    lif = hxsnn.Neuron(1, exp, placement_constraint=[6])
    x = hxsnn.NeuronHandle(spikes_at(20))
    z = iaf(hxsnn.Synapse(1, 2, exp)(x))
    lif(hxsnn.Synapse(1, 1, exp)(x))
    programs = []
    session = current_session()
    original = session.run_spiking
    session.run_spiking = lambda program: programs.append(program) or original(program)
    hxsnn.run(exp, 150)
    assert (~programs[0].configuration.enable_leak).nonzero()[0].tolist() == [5, 9]
    assert (z.membrane_cadc[0] + 28).abs().max() < 1.5
