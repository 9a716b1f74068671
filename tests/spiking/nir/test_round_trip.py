import nir
import numpy as np
import pytest
import torch

from hxtorch import snn as hxsnn

CONFIG = hxsnn.ConversionConfig(acceleration=1)


def test_round_trip_keeps_the_network(graphs, norse, tmp_path):
    """From a graph to a network to a file to a network: the same traces."""
    first = hxsnn.from_nir(graphs.feed_forward(), config=CONFIG)
    nir.write(tmp_path / "graph.nir", hxsnn.to_nir(first))
    again = hxsnn.from_nir(nir.read(tmp_path / "graph.nir"), config=CONFIG)
    assert set(again.inputs) == set(first.inputs) == {"input"}
    assert again.outputs == first.outputs == {"output": "readout"}
    spikes = graphs.spike_input()
    with torch.no_grad():
        (one, y), (other, y_again) = graphs.run(first, spikes), graphs.run(again, spikes)
    torch.testing.assert_close(other["hidden"].spikes, one["hidden"].spikes)
    torch.testing.assert_close(y_again.membrane_cadc, y.membrane_cadc, atol=1e-5, rtol=1e-5)


def test_refractory_time_stays_in_the_metadata(graphs, tmp_path, caplog):
    exp = hxsnn.Experiment(mock=True)
    hxsnn.Neuron(2, exp, refractory_time=5e-6)(hxsnn.Synapse(5, 2, exp)(hxsnn.NeuronHandle(graphs.spike_input())))
    nir.write(tmp_path / "graph.nir", hxsnn.to_nir(exp, CONFIG))
    assert "refractory" in caplog.text
    (neuron,) = hxsnn.from_nir(nir.read(tmp_path / "graph.nir"), config=CONFIG).populations.values()
    assert neuron.params.refractory_time == pytest.approx(5e-6)
    assert neuron.refractory_time.hardware_value == pytest.approx(5e-6)


def test_biological_time_is_accelerated(graphs):
    graph = graphs.feed_forward()
    for name in ("hidden", "readout"):
        for key in ("tau_mem", "tau_syn"):
            setattr(graph.nodes[name], key, getattr(graph.nodes[name], key) * 1000)
    config = hxsnn.ConversionConfig()
    spikes = graphs.spike_input()
    with torch.no_grad():
        network = hxsnn.from_nir(graph, config=config)
        _, y = graphs.run(network, spikes)
        _, wanted = graphs.run(hxsnn.from_nir(graphs.feed_forward(), config=CONFIG), spikes)
    torch.testing.assert_close(y.membrane_cadc, wanted.membrane_cadc, atol=1e-5, rtol=1e-5)
    np.testing.assert_allclose(hxsnn.to_nir(network).nodes["hidden"].tau_mem, graph.nodes["hidden"].tau_mem, rtol=1e-6)


NODES = {
    "CubaLIF": lambda one: nir.CubaLIF(
        7e-3 * one, 9e-3 * one, 1.7 * one, 0.1 * one, 1.2 * one, 0.05 * one, w_in=3.3 * one
    ),
    "CubaLI": lambda one: nir.CubaLI(7e-3 * one, 9e-3 * one, 1.7 * one, 0.1 * one, w_in=3.3 * one),
    "LIF": lambda one: nir.LIF(9e-3 * one, 1.7 * one, 0.1 * one, 1.2 * one, 0.05 * one),
    "LI": lambda one: nir.LI(9e-3 * one, 1.7 * one, 0.1 * one),
    "IF": lambda one: nir.IF(170 * one, 1.2 * one, 0.05 * one),
}


@pytest.mark.parametrize("kind", NODES)
def test_each_kind_comes_back_with_its_own_units(kind):
    """Times by 1e-3 and back by 1e3; r, w_in, weights and biases as they were."""
    node = NODES[kind](np.array([1, 1.1, 0.9], np.float32))
    weight = np.random.default_rng(0).normal(0, 1, (3, 5)).astype(np.float32)
    nodes = {"i": nir.Input(np.array([5])), "fc": nir.Linear(weight), "n": node, "o": nir.Output(np.array([3]))}
    graph = nir.NIRGraph(nodes, [("i", "fc"), ("fc", "n"), ("n", "o")])
    network = hxsnn.from_nir(graph, hxsnn.ConversionConfig(tau_syn=5e-6))
    again = hxsnn.to_nir(network)
    assert set(again.edges) == set(graph.edges)
    assert type(again.nodes["n"]) is type(node)
    for key in ("tau_mem", "tau_syn", "tau", "r", "v_leak", "v_threshold", "v_reset", "w_in"):
        if hasattr(node, key):
            np.testing.assert_allclose(getattr(again.nodes["n"], key), getattr(node, key), rtol=1e-5, err_msg=key)
    np.testing.assert_allclose(again.nodes["fc"].weight, weight, rtol=1e-5)


def test_trained_values_are_exported(graphs):
    network = hxsnn.from_nir(graphs.feed_forward(per_neuron=False), CONFIG)
    neuron = network.populations["hidden"]
    neuron.tau_syn.make_trainable()
    with torch.no_grad():
        neuron.tau_syn.model_value.fill_(12e-6)
        network.synapses["first"].weight.mul_(2)
    spikes = graphs.spike_input()
    with torch.no_grad():
        (one, _), (other, _) = (
            graphs.run(network, spikes),
            graphs.run(hxsnn.from_nir(hxsnn.to_nir(network), CONFIG), spikes),
        )
    assert one["hidden"].spikes.sum() > 50
    torch.testing.assert_close(other["hidden"].spikes, one["hidden"].spikes)


def test_older_orders_of_arguments_are_understood(graphs):
    """An experiment or a configuration in the place of the newer argument is taken for what it is."""
    graph, exp = graphs.feed_forward(), hxsnn.Experiment(mock=True)
    network = hxsnn.from_nir(graph, exp, CONFIG)
    assert network.exp is network.experiment is exp
    assert hxsnn.from_nir(graph, CONFIG).exp.mock
    assert hxsnn.from_nir(graph, config=CONFIG, experiment=exp).exp is exp
    lif = hxsnn.Neuron(2, exp)
    lif(hxsnn.Synapse(5, 2, exp)(hxsnn.NeuronHandle(graphs.spike_input())))
    assert "mine" in hxsnn.to_nir(exp, CONFIG, {lif: "mine"}).nodes
