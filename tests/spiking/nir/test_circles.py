import nir
import numpy as np
import pytest
import torch

from hxtorch import snn as hxsnn
from hxtorch.spiking.errors import NIRConversionError

# What norse stands on deprecates how norse uses it.
pytestmark = pytest.mark.filterwarnings("ignore:nirtorch:DeprecationWarning", "ignore:.*torch.jit:DeprecationWarning")

CONFIG = hxsnn.ConversionConfig(acceleration=1)
CHIP = hxsnn.ConversionConfig(acceleration=1, mock=False, weight_scale=25, trace_scale=1 / 20)
ONE = np.ones(8, np.float32)


def test_recurrent_and_sparse_graph(graphs):
    ring = np.roll(np.eye(4, dtype=np.float32), 1, 0) * 3
    network = hxsnn.from_nir(graphs.recurrent_graph(ring), config=CONFIG)
    assert set(network.populations) == {"layer.lif"}
    assert isinstance(network.synapses["w"], hxsnn.Synapse)
    sparse = network.synapses["layer.rec"]
    assert isinstance(sparse, hxsnn.SparseSynapse)
    np.testing.assert_allclose(sparse.weight.detach(), ring, rtol=1e-6)
    spikes = graphs.spike_input()
    with torch.no_grad():
        _, y = graphs.run(network, spikes)
        again = hxsnn.from_nir(hxsnn.to_nir(network), config=CONFIG)
        _, y_again = graphs.run(again, spikes)
        assert torch.equal(y.spikes, y_again.spikes)
        torch.nn.init.zeros_(sparse.weight)
        _, alone = graphs.run(network, spikes)
    assert y.spikes.sum() > alone.spikes.sum() > 0


def test_recurrent_graph_runs_on_the_chip(graphs, ideal_chip):
    graph = graphs.recurrent_graph(np.roll(np.eye(4, dtype=np.float32), 1, 0))
    network = hxsnn.from_nir(graph, hxsnn.Experiment(), CONFIG)
    _, y = graphs.run_chip(network, graphs.spike_input())
    assert y.spikes.shape == (graphs.STEPS, 4, 4)
    assert y.spikes.sum() > 0


def cells_of_norse(norse, graph, spikes):
    """Step norse's neurons with the delays of the model: a spike reaches the input of the next step."""
    neurons = {}
    for name in ("a", "b"):
        node = graph.nodes[name]
        nodes = {"input": nir.Input(node.input_type["input"]), name: node, "output": nir.Output(node.r.shape)}
        alone = nir.NIRGraph(nodes=nodes, edges=[("input", name), (name, "output")], metadata={})
        neurons[name] = [norse.from_nir(alone, dt=1e-6), None]
    weights = {name: torch.from_numpy(graph.nodes[name].weight) for name in ("w", "forth", "back", "own")}
    sizes = {name: len(graph.nodes[name].r) for name in neurons}
    before = {name: torch.zeros(spikes.shape[1], size) for name, size in sizes.items()}
    seen = {name: [] for name in neurons}
    for step in spikes:
        into = {
            "a": step @ weights["w"].T + before["b"] @ weights["back"].T + before["a"] @ weights["own"].T,
            "b": before["a"] @ weights["forth"].T,
        }
        # Theirs move the membrane by the current of the same step: what they fire now ours fire in the next step.
        before = {name: seen[name][-1] if seen[name] else before[name] for name in neurons}
        for name, (model, state) in neurons.items():
            fired, neurons[name][1] = model(into[name], state)
            seen[name].append(fired)
    return {name: torch.stack(traces) for name, traces in seen.items()}


def test_circle_over_populations_runs_as_neurons_of_norse_do(graphs, norse):
    graph = graphs.circle_graph()
    network = hxsnn.from_nir(graph, config=CONFIG)
    spikes = graphs.spike_input()
    with torch.no_grad():
        handles, y = graphs.run(network, spikes)
        theirs = cells_of_norse(norse, graph, spikes)
    for name in ("a", "b"):
        assert theirs[name].sum() > 50
        torch.testing.assert_close(handles[name].spikes[1:], theirs[name][:-1], atol=1e-5, rtol=1e-5)
    assert y.membrane_cadc.abs().max() > 0.1


def test_circle_over_populations_trains_and_goes_back_to_a_graph(graphs):
    network = hxsnn.from_nir(graphs.circle_graph(), config=CONFIG)
    spikes = graphs.spike_input()
    handles, y = graphs.run(network, spikes)
    y.membrane_cadc.square().sum().backward()
    assert all(synapse.weight.grad.abs().sum() > 0 for synapse in network.synapses.values())
    with torch.no_grad():
        graph = hxsnn.to_nir(network)
        assert set(graph.nodes) == set(graphs.circle_graph().nodes)
        again, _ = graphs.run(hxsnn.from_nir(graph, config=CONFIG), spikes)
    for name in ("a", "b"):
        assert torch.equal(again[name].spikes, handles[name].spikes)


def test_circle_over_populations_runs_on_the_chip(graphs, ideal_chip):
    network = hxsnn.from_nir(graphs.circle_graph(), CHIP)
    handles, y = graphs.run_chip(network, graphs.spike_input())
    assert handles["a"].spikes.sum() > 0
    assert handles["b"].spikes.sum() > 0
    y.membrane_cadc.sum().backward()
    assert all(synapse.weight.grad.isfinite().all() for synapse in network.synapses.values())


def test_a_circle_through_a_readout_is_refused(graphs):
    graph = graphs.circle_graph()
    graph.nodes["loop"] = nir.Linear(np.ones((4, 2), np.float32))
    graph.edges += [("readout", "loop"), ("loop", "b")]
    with pytest.raises(NIRConversionError, match="node 'readout': sends spikes back"):
        hxsnn.from_nir(graph, config=CONFIG)


def test_modules_in_a_circle_become_a_graph_with_outputs(graphs):
    exp = hxsnn.Experiment(mock=True)
    a, b = hxsnn.Neuron(6, exp), hxsnn.Neuron(4, exp)
    links = [(a, b, hxsnn.Synapse(6, 4, exp)), (b, a, hxsnn.Synapse(4, 6, exp))]
    x = hxsnn.NeuronHandle(graphs.spike_input())
    hxsnn.RecurrentNetwork(exp, [a, b], links)([hxsnn.Synapse(5, 6, exp)(x)], [])
    graph = hxsnn.to_nir(exp, config=CONFIG, names={a: "a", b: "b"})
    shown = {pre for pre, post in graph.edges if isinstance(graph.nodes[post], nir.Output)}
    assert shown == {"a", "b"}
    assert set(hxsnn.from_nir(graph, config=CONFIG).populations) == {"a", "b"}
