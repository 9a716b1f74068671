import nir
import numpy as np
import pytest
import torch

from hxtorch import snn as hxsnn
from hxtorch.spiking.errors import NIRConversionError, ParameterError, ParameterWarning

# What norse stands on deprecates how norse uses it.
pytestmark = pytest.mark.filterwarnings("ignore:nirtorch:DeprecationWarning", "ignore:.*torch.jit:DeprecationWarning")

CONFIG = hxsnn.ConversionConfig(acceleration=1)
ONE = np.ones(8, np.float32)
THRESHOLDS = 0.1 * np.random.default_rng(3).uniform(0.8, 1.2, 8).astype(np.float32)
NO_SYNAPSE = {
    "LIF": lambda: nir.LIF(9e-6 * ONE, ONE, 0 * ONE, THRESHOLDS),
    "IF": lambda: nir.IF(ONE, 3e-6 * ONE),
}


@pytest.mark.parametrize("kind", NO_SYNAPSE)
def test_neurons_without_synapses_run_as_in_norse_if_the_one_that_stands_in_takes_a_step(graphs, norse, kind):
    """Norse's integrate-and-fire neuron takes its input as a step of the membrane: 1 of it is r dt of a current."""
    node, spikes = NO_SYNAPSE[kind](), graphs.spike_input()
    config = hxsnn.ConversionConfig(acceleration=1, tau_syn=1e-6)
    graph = graphs.without_synapses(node)
    with torch.no_grad():
        handles, _ = graphs.run(hxsnn.from_nir(graph, config=config), spikes)
        if kind == "IF":
            graph.nodes["w"].weight = graph.nodes["w"].weight * 1e-6
        theirs = graphs.run_norse(norse, graph, spikes)["cell"]
    assert theirs.sum() > 50
    torch.testing.assert_close(handles["cell"].spikes[1:], theirs[:-1], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    "node", [lambda: nir.LIF(9e-6 * ONE, 2 * ONE, 0 * ONE, 50 * ONE), lambda: nir.LI(9e-6 * ONE, 2 * ONE, 0 * ONE)]
)
@pytest.mark.parametrize("tau_syn", [1e-6, 5e-6])
def test_a_spike_moves_the_membrane_as_far_whatever_stands_in(graphs, node, tau_syn):
    """The time integral of a membrane's response is that of the equations: tau times (r w dt / tau)."""
    graph = graphs.without_synapses(node())
    spikes = torch.zeros(300, 1, 5)
    spikes[3] = 1
    with torch.no_grad():
        network = hxsnn.from_nir(graph, config=hxsnn.ConversionConfig(acceleration=1, tau_syn=tau_syn))
        handles, _ = graphs.run(network, spikes)
    wanted = 2 * graph.nodes["w"].weight.sum(1)
    torch.testing.assert_close(handles["cell"].membrane_cadc.sum(0)[0], torch.from_numpy(wanted), rtol=1e-4, atol=1e-5)


def test_integrate_and_fire_neurons_hold_what_a_spike_adds(graphs):
    graph = graphs.without_synapses(nir.IF(2e5 * ONE, 50 * ONE))
    spikes = torch.zeros(100, 1, 5)
    spikes[3] = 1
    for tau_mem in (5e-6, 20e-6):
        config = hxsnn.ConversionConfig(acceleration=1, tau_syn=5e-6, tau_mem=tau_mem)
        with torch.no_grad():
            network = hxsnn.from_nir(graph, config=config)
            handles, _ = graphs.run(network, spikes)
        assert isinstance(network.populations["cell"], hxsnn.IAFNeuron)
        wanted = torch.from_numpy(0.2 * graph.nodes["w"].weight.sum(1))
        torch.testing.assert_close(handles["cell"].membrane_cadc[-1, 0], wanted, rtol=1e-4, atol=1e-5)


def test_neurons_without_synapses_run_on_the_chip(graphs, ideal_chip):
    for node in (nir.LIF(9e-6 * ONE, ONE, 0 * ONE, 0.1 * ONE), nir.IF(1e5 * ONE, 0.3 * ONE)):
        config = hxsnn.ConversionConfig(acceleration=1, tau_syn=5e-6, trace_scale=None, weight_scale=14)
        network = hxsnn.from_nir(graphs.without_synapses(node), hxsnn.Experiment(), config)
        handles, _ = graphs.run_chip(network, graphs.spike_input())
        assert handles["cell"].spikes.sum() > 0


def test_what_stands_in_must_be_said(graphs):
    graph = graphs.without_synapses(NO_SYNAPSE["LIF"]())
    said = r"node 'cell'.* got LIF.*ConversionConfig\(tau_syn=5e-6\)"
    with pytest.raises(NIRConversionError, match=said):
        hxsnn.from_nir(graph, hxsnn.ConversionConfig(acceleration=1, mock=False))
    with pytest.warns(ParameterWarning, match=said):
        network = hxsnn.from_nir(graph, CONFIG)
    assert network.populations["cell"].params.tau_syn == pytest.approx(CONFIG.dt)
    with pytest.raises(ParameterError, match="tau_syn: got 0"):
        hxsnn.ConversionConfig(tau_syn=0.0)
    late = graphs.without_synapses(nir.LIF(ONE, ONE, 0 * ONE, ONE))
    config = hxsnn.ConversionConfig(acceleration=1, tau_syn=5e-6, mock=False)
    with pytest.raises(NIRConversionError, match=r"node 'cell', tau: got 1 s on the chip"):
        hxsnn.from_nir(late, config)
