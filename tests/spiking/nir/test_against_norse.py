import numpy as np
import pytest
import torch

from hxtorch import snn as hxsnn

# What norse stands on deprecates how norse uses it.
pytestmark = pytest.mark.filterwarnings("ignore:nirtorch:DeprecationWarning", "ignore:.*torch.jit:DeprecationWarning")

CONFIG = hxsnn.ConversionConfig(acceleration=1)
ONE = np.ones(8, np.float32)


@pytest.mark.parametrize("per_neuron", [True, False])
def test_graph_runs_as_in_norse(graphs, norse, per_neuron):
    """Norse moves the membrane by the current of the same step: each population is a step early against ours."""
    graph = graphs.feed_forward(per_neuron)
    spikes = graphs.spike_input()
    with torch.no_grad():
        theirs = graphs.run_norse(norse, graphs.graph_without_li(graph), spikes)
        network = hxsnn.from_nir(graph, config=CONFIG)
        handles, _ = graphs.run(network, spikes)
    ours = handles["hidden"].spikes
    assert ours.sum() > 50
    torch.testing.assert_close(ours[1:], theirs["hidden"][:-1], atol=1e-5, rtol=1e-5)


def test_membranes_are_those_of_norse(graphs, norse):
    """Read by the threshold: below it, membranes of norse's neurons are in their state."""
    graph = graphs.graph_without_li(graphs.feed_forward())
    graph.nodes["hidden"].v_threshold = graph.nodes["hidden"].v_threshold + 100
    spikes = graphs.spike_input()
    model, state, membranes = norse.from_nir(graph, dt=1e-6), None, []
    with torch.no_grad():
        for step in spikes:
            _, state = model(step, state)
            membranes.append(state.state["hidden"][0][1].v)
        handles, _ = graphs.run(hxsnn.from_nir(graph, config=CONFIG), spikes)
    ours = handles["hidden"].membrane_cadc
    assert ours.abs().max() > 1
    torch.testing.assert_close(ours[1:], torch.stack(membranes)[:-1], atol=1e-5, rtol=1e-5)


def test_norse_s_own_neurons_come_over_and_agree(graphs, norse):
    """Norse exports neurons whose currents jump by the weight, and times in units of its step."""
    torch.manual_seed(3)
    linear, cell = torch.nn.Linear(5, 8, bias=False), norse.LIFCell()
    with torch.no_grad():
        linear.weight.mul_(4.0)
    model = norse.SequentialState(linear, cell)
    spikes = graphs.spike_input()
    state, theirs = None, []
    with torch.no_grad():
        graph = norse.to_nir(model, spikes[0])
        for step in spikes:
            z, state = model(step, state)
            theirs.append(z)
        network = hxsnn.from_nir(graph, config=hxsnn.ConversionConfig(acceleration=1, unit_jump=True))
        _, y = graphs.run(network, spikes)
    assert y.spikes.sum() > 20
    torch.testing.assert_close(y.spikes[1:], torch.stack(theirs)[:-1], atol=1e-5, rtol=1e-5)


def test_network_of_modules_becomes_a_graph_that_norse_runs(graphs, norse):
    exp = hxsnn.Experiment(mock=True)
    syn = hxsnn.Synapse(5, 8, exp)
    torch.nn.init.normal_(syn.weight, 0.5, 0.5, generator=torch.Generator().manual_seed(0))
    lif = hxsnn.Neuron(
        8, exp, refractory_time=hxsnn.MixedHXModelParameter(0.0, 1e-6), tau_mem=7e-6, leak=0.0, reset=0.0, threshold=1.0
    )
    x = hxsnn.NeuronHandle(graphs.spike_input())
    z = lif(syn(x))
    graph = hxsnn.to_nir(exp, config=CONFIG, names={lif: "neurons"})
    assert graph.nodes["neurons"].metadata == {}
    hxsnn.run(exp, None)
    with torch.no_grad():
        theirs = graphs.run_norse(norse, graph, x.spikes)["neurons"]
    assert z.spikes.sum() > 50
    torch.testing.assert_close(z.spikes.detach()[1:], theirs[:-1], atol=1e-5, rtol=1e-5)
