"""Graphs in NIR: there and back, through a library that we did not write."""

import nir
import numpy as np
import pytest
import torch
import unit_layers as unit

from hxtorch import snn as hxsnn
from hxtorch.spiking.errors import ExperimentError, NIRConversionError, ParameterError

# What norse stands on deprecates how norse uses it; time constants of a step are what some graphs here are about.
pytestmark = pytest.mark.filterwarnings(
    "ignore:nirtorch:DeprecationWarning",
    "ignore:.*torch.jit:DeprecationWarning",
    "ignore:.*steps, wanted 5 or more:UserWarning",
)

SIZES = (5, 8, 3)
STEPS = 80
CONFIG = hxsnn.ConversionConfig(mock=True)


@pytest.fixture(scope="module")
def norse():
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it compiles with what torch deprecates
        import norse.torch

        return norse.torch


def spike_input(batch=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand((STEPS, batch, SIZES[0]), generator=generator) < 0.1).float()


def vector(size, low, high, seed):
    return np.random.default_rng(seed).uniform(low, high, size).astype(np.float32)


def feed_forward(per_neuron=True):
    """5 -> 8 LIF -> 3 LI in the time of the chip."""
    one = np.ones(SIZES[1], np.float32)
    vary = (
        (lambda value, seed: value * vector(SIZES[1], 0.8, 1.2, seed))
        if per_neuron
        else (lambda value, seed: value * one)
    )
    weights = [
        np.random.default_rng(seed).normal(0.4, 0.6, shape).astype(np.float32)
        for seed, shape in ((1, (SIZES[1], SIZES[0])), (2, (SIZES[2], SIZES[1])))
    ]
    out = np.ones(SIZES[2], np.float32)
    return nir.NIRGraph(
        nodes={
            "input": nir.Input(np.array([SIZES[0]])),
            "first": nir.Linear(weights[0]),
            "hidden": nir.CubaLIF(
                tau_syn=vary(6e-6, 3), tau_mem=vary(9e-6, 4), r=vary(1.0, 5), v_leak=0 * one, v_threshold=vary(1.0, 6),
                w_in=vary(8.0, 7),
            ),
            "second": nir.Affine(weights[1], 0 * out),
            "readout": nir.CubaLI(tau_syn=6e-6 * out, tau_mem=9e-6 * out, r=out, v_leak=0 * out, w_in=6 * out),
            "output": nir.Output(np.array([SIZES[2]])),
        },
        edges=[
            ("input", "first"), ("first", "hidden"), ("hidden", "second"), ("second", "readout"), ("readout", "output"),
        ],
        metadata={},
    )  # fmt: skip


def run(network, spikes):
    y = network(hxsnn.NeuronHandle(spikes))
    hxsnn.run(network.experiment, None)
    return network.handles, y


def run_norse(norse, graph, spikes, dt=1e-6):
    """Return what each node puts out, (time, batch, neuron)."""
    model, state, seen = norse.from_nir(graph, dt=dt), None, {}
    for step in spikes:
        _, state = model(step, state)
        for name, value in state.cache.items():
            seen.setdefault(name, []).append(value)
    return {name: torch.stack(values) for name, values in seen.items()}


@pytest.mark.parametrize("per_neuron", [True, False])
def test_graph_runs_as_in_norse(norse, per_neuron):
    """Norse moves the membrane by the current of the same step: each population is a step early against ours."""
    graph = feed_forward(per_neuron)
    spikes = spike_input()
    with torch.no_grad():
        theirs = run_norse(norse, graph_without_li(graph), spikes)
        network = hxsnn.from_nir(graph, config=CONFIG)
        handles, _ = run(network, spikes)
    ours = handles["hidden"].spikes
    assert ours.sum() > 50
    torch.testing.assert_close(ours[1:], theirs["hidden"][:-1], atol=1e-5, rtol=1e-5)


def graph_without_li(graph):
    nodes = {name: node for name, node in graph.nodes.items() if name not in ("second", "readout", "output")}
    nodes["output"] = nir.Output(np.array([SIZES[1]]))
    edges = [("input", "first"), ("first", "hidden"), ("hidden", "output")]
    return nir.NIRGraph(nodes=nodes, edges=edges, metadata={})


def test_membranes_are_those_of_norse(norse):
    """Read by the threshold: below it, membranes of norse's neurons are in their state."""
    graph = graph_without_li(feed_forward())
    graph.nodes["hidden"].v_threshold = graph.nodes["hidden"].v_threshold + 100
    spikes = spike_input()
    model, state, membranes = norse.from_nir(graph, dt=1e-6), None, []
    with torch.no_grad():
        for step in spikes:
            _, state = model(step, state)
            membranes.append(state.state["hidden"][0][1].v)
        handles, _ = run(hxsnn.from_nir(graph, config=CONFIG), spikes)
    ours = handles["hidden"].membrane_cadc
    assert ours.abs().max() > 1
    torch.testing.assert_close(ours[1:], torch.stack(membranes)[:-1], atol=1e-5, rtol=1e-5)


def test_norse_s_own_neurons_come_over_and_agree(norse):
    """Norse exports neurons whose currents jump by the weight, and times in units of its step."""
    torch.manual_seed(3)
    linear, cell = torch.nn.Linear(5, 8, bias=False), norse.LIFCell()
    with torch.no_grad():
        linear.weight.mul_(4.0)
    model = norse.SequentialState(linear, cell)
    spikes = spike_input()
    state, theirs = None, []
    with torch.no_grad():
        graph = norse.to_nir(model, spikes[0])
        for step in spikes:
            z, state = model(step, state)
            theirs.append(z)
        network = hxsnn.from_nir(graph, config=hxsnn.ConversionConfig(mock=True, unit_jump=True))
        _, y = run(network, spikes)
    assert y.spikes.sum() > 20
    torch.testing.assert_close(y.spikes[1:], torch.stack(theirs)[:-1], atol=1e-5, rtol=1e-5)


def test_round_trip_keeps_the_network(norse, tmp_path):
    """From a graph to a network to a file to a network: the same traces."""
    first = hxsnn.from_nir(feed_forward(), config=CONFIG)
    nir.write(tmp_path / "graph.nir", hxsnn.to_nir(first))
    again = hxsnn.from_nir(nir.read(tmp_path / "graph.nir"), config=CONFIG)
    assert set(again.inputs) == set(first.inputs) == {"input"}
    assert again.outputs == first.outputs == {"output": "readout"}
    spikes = spike_input()
    with torch.no_grad():
        (one, y), (other, y_again) = run(first, spikes), run(again, spikes)
    torch.testing.assert_close(other["hidden"].spikes, one["hidden"].spikes)
    torch.testing.assert_close(y_again.membrane_cadc, y.membrane_cadc, atol=1e-5, rtol=1e-5)


def test_network_of_modules_becomes_a_graph_that_norse_runs(norse):
    exp = hxsnn.Experiment(mock=True)
    syn = hxsnn.Synapse(5, 8, exp)
    torch.nn.init.normal_(syn.weight, 0.5, 0.5, generator=torch.Generator().manual_seed(0))
    silence = hxsnn.MixedHXModelParameter(0.0, 1e-6)
    lif = unit.lif(8, exp, refractory_time=silence, tau_mem=7e-6, membrane_capacitance=10e-6)
    x = hxsnn.NeuronHandle(spike_input())
    z = lif(syn(x))
    graph = hxsnn.to_nir(exp, names={lif: "neurons"})
    assert graph.nodes["neurons"].metadata == {}
    hxsnn.run(exp, None)
    with torch.no_grad():
        theirs = run_norse(norse, graph, x.spikes)["neurons"]
    assert z.spikes.sum() > 50
    torch.testing.assert_close(z.spikes.detach()[1:], theirs[:-1], atol=1e-5, rtol=1e-5)


def test_refractory_time_stays_in_the_metadata(tmp_path, caplog):
    exp = hxsnn.Experiment(mock=True)
    hxsnn.Neuron(2, exp, refractory_time=5e-6)(hxsnn.Synapse(5, 2, exp)(hxsnn.NeuronHandle(spike_input())))
    nir.write(tmp_path / "graph.nir", hxsnn.to_nir(exp))
    assert "refractory" in caplog.text
    (neuron,) = hxsnn.from_nir(nir.read(tmp_path / "graph.nir"), config=CONFIG).populations.values()
    assert neuron.params.refractory_time == pytest.approx(5e-6)
    assert neuron.refractory_time.hardware_value == pytest.approx(5e-6)


def test_values_of_each_neuron_reach_model_and_chip():
    graph = feed_forward()
    neuron = hxsnn.from_nir(graph, config=CONFIG).populations["hidden"]
    node = graph.nodes["hidden"]
    np.testing.assert_allclose(neuron.params.tau_mem, node.tau_mem)
    np.testing.assert_allclose(neuron.params.threshold, node.v_threshold)
    assert neuron.threshold.hardware_value == 125
    np.testing.assert_allclose(neuron.readout.scale, node.v_threshold / 45, rtol=1e-6)
    for user_units, wanted in ((80 - 128, node.v_leak), (125 - 128, node.v_threshold)):
        value = (user_units - neuron.readout.offset) * neuron.readout.scale
        np.testing.assert_allclose(value, wanted, atol=1e-5)


def recurrent_graph(weight):
    size = len(weight)
    one = np.ones(size, np.float32)
    inner = nir.NIRGraph(
        nodes={
            "in": nir.Input(np.array([size])),
            "lif": nir.CubaLIF(10e-6 * one, 10e-6 * one, one, 0 * one, one, w_in=10 * one),
            "rec": nir.Linear(weight),
            "out": nir.Output(np.array([size])),
        },
        edges=[("in", "lif"), ("lif", "rec"), ("rec", "lif"), ("lif", "out")],
        metadata={},
    )
    return nir.NIRGraph(
        nodes={
            "input": nir.Input(np.array([5])),
            "w": nir.Linear(np.full((size, 5), 0.8, np.float32)),
            "layer": inner,
            "output": nir.Output(np.array([size])),
        },
        edges=[("input", "w"), ("w", "layer"), ("layer", "output")],
        metadata={},
        type_check=False,
    )


def test_recurrent_and_sparse_graph():
    ring = np.roll(np.eye(4, dtype=np.float32), 1, 0) * 3
    network = hxsnn.from_nir(recurrent_graph(ring), config=CONFIG)
    assert set(network.populations) == {"layer.lif"}
    assert isinstance(network.synapses["w"], hxsnn.Synapse)
    sparse = network.synapses["layer.rec"]
    assert isinstance(sparse, hxsnn.SparseSynapse)
    dense = torch.zeros(4, 4)
    dense[tuple(sparse.pattern)] = sparse.weight.detach()
    np.testing.assert_allclose(dense.T, ring, rtol=1e-6)
    spikes = spike_input()
    with torch.no_grad():
        _, y = run(network, spikes)
        again = hxsnn.from_nir(hxsnn.to_nir(network), config=CONFIG)
        _, y_again = run(again, spikes)
        assert torch.equal(y.spikes, y_again.spikes)
        torch.nn.init.zeros_(sparse.weight)
        _, alone = run(network, spikes)
    assert y.spikes.sum() > alone.spikes.sum() > 0


def test_recurrent_graph_runs_on_the_chip(ideal_chip):
    graph = recurrent_graph(np.roll(np.eye(4, dtype=np.float32), 1, 0))
    network = hxsnn.from_nir(graph, hxsnn.Experiment())
    _, y = run_chip(network, spike_input())
    assert y.spikes.shape == (STEPS, 4, 4)
    assert y.spikes.sum() > 0


def run_chip(network, spikes):
    y = network(hxsnn.NeuronHandle(spikes))
    hxsnn.run(network.experiment, STEPS)
    return network.handles, y


def test_graph_on_the_chip_is_near_the_model(ideal_chip):
    graph = feed_forward(per_neuron=False)
    graph.nodes["first"].weight = np.full((8, 5), 0.1, np.float32)
    spikes = spike_input(batch=2)
    traces = []
    for mock in (True, False):
        network = hxsnn.from_nir(graph, hxsnn.Experiment(mock=mock))
        handles, _ = run_chip(network, spikes)
        traces.append(handles["hidden"].membrane_cadc.detach())
    assert traces[0].abs().max() > 0.3
    assert (traces[0] - traces[1]).abs().max() < 0.12


def replaced(node, **values):
    graph = feed_forward()
    for key, value in values.items():
        setattr(graph.nodes[node], key, value)
    return graph


def with_node(name, node):
    graph = feed_forward()
    graph.nodes[name] = node
    return graph


ONE = np.ones(8, np.float32)


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (lambda: with_node("hidden", nir.IF(ONE, ONE)), "node 'hidden': got IF"),
        (lambda: with_node("hidden", nir.LIF(ONE, ONE, ONE, ONE)), "node 'hidden': got LIF"),
        (lambda: with_node("first", nir.Conv1d(5, np.ones((8, 5, 1)), 1, 0, 1, 1, ONE)), "node 'first': got Conv1d"),
        (lambda: replaced("second", bias=np.ones(3)), "node 'second', bias"),
        (lambda: replaced("hidden", tau_mem=ONE * 1e-2), r"node 'hidden', tau_mem.*acceleration=1000"),
        (lambda: replaced("hidden", tau_syn=ONE * 0), "node 'hidden', tau_syn"),
        (lambda: replaced("hidden", v_threshold=ONE * np.nan), "node 'hidden', v_threshold: holds NaN"),
        (lambda: replaced("hidden", v_threshold=ONE * -1), "node 'hidden', v_threshold.*v_leak"),
        (lambda: replaced("hidden", v_reset=ONE * 2), "node 'hidden', v_threshold.*v_reset"),
        (lambda: replaced("hidden", v_reset=ONE * -9), r"node 'hidden', v_reset.*LSB"),
        (lambda: replaced("hidden", r=np.ones(7)), "node 'hidden', r: got 7 values"),
        (lambda: replaced("first", weight=np.ones((8, 6))), r"node 'first', weight: got \(8, 6\)"),
        (lambda: nir.CubaLI(ONE, ONE, ONE, ONE), "got CubaLI, wanted a nir.NIRGraph"),
    ],
)  # fmt: skip
def test_what_can_not_be_converted_names_node_and_key(graph, message):
    with pytest.raises(NIRConversionError, match=message):
        hxsnn.from_nir(graph(), config=CONFIG)


def test_biological_time_is_accelerated():
    graph = feed_forward()
    for name in ("hidden", "readout"):
        for key in ("tau_mem", "tau_syn"):
            setattr(graph.nodes[name], key, getattr(graph.nodes[name], key) * 1000)
    config = hxsnn.ConversionConfig(mock=True, acceleration=1000)
    spikes = spike_input()
    with torch.no_grad():
        network = hxsnn.from_nir(graph, config=config)
        _, y = run(network, spikes)
        _, wanted = run(hxsnn.from_nir(feed_forward(), config=CONFIG), spikes)
    torch.testing.assert_close(y.membrane_cadc, wanted.membrane_cadc, atol=1e-5, rtol=1e-5)
    np.testing.assert_allclose(hxsnn.to_nir(network).nodes["hidden"].tau_mem, graph.nodes["hidden"].tau_mem, rtol=1e-6)


def test_what_has_no_counterpart_names_itself():
    exp = hxsnn.Experiment(mock=True)
    with pytest.raises(ExperimentError, match="nothing to convert"):
        hxsnn.to_nir(exp)
    hxsnn.IAFNeuron(2, exp)(hxsnn.Synapse(5, 2, exp)(hxsnn.NeuronHandle(spike_input())))
    with pytest.raises(NIRConversionError, match=r"'iafneuron': IAFNeuron"):
        hxsnn.to_nir(exp)


@pytest.mark.parametrize("n_events", [None, 60])
def test_data_goes_there_and_back(n_events):
    spikes = spike_input()
    handles = {"hidden": hxsnn.NeuronHandle(spikes, 2 * spikes), "readout": hxsnn.ReadoutNeuronHandle(3 * spikes)}
    data = hxsnn.to_nir_data(handles, n_events=n_events)
    assert data.nodes["hidden"].observables["v"].shape == (4, STEPS, 5)
    assert data.nodes["hidden"].observables["v"].dt == 1e-6
    np.testing.assert_array_equal(data.nodes["readout"].observables["v"].data, 3 * spikes.permute(1, 0, 2))
    data.nodes.pop("readout")
    assert torch.equal(hxsnn.from_nir_data(data)["hidden"].spikes, spikes)
    one = hxsnn.to_nir_data(handles["hidden"], n_events=n_events)
    assert torch.equal(hxsnn.from_nir_data(one).spikes, spikes)


def test_data_that_does_not_fit():
    grid = nir.TimeGriddedData(np.zeros((2, 10, 3), bool), 1e-3)
    with pytest.raises(NIRConversionError, match=r"node 'a', spikes: got a step of 0\.001 s"):
        hxsnn.from_nir_data(nir.NIRGraphData({"a": nir.NIRNodeData({"spikes": grid})}))
    biological = hxsnn.ConversionConfig(acceleration=1000)
    data = hxsnn.from_nir_data(nir.NIRNodeData({"spikes": grid}), biological)
    assert data.spikes.shape == (10, 2, 3)
    with pytest.raises(NIRConversionError, match="node 'a', spikes: not there"):
        hxsnn.from_nir_data(nir.NIRGraphData({"a": nir.NIRNodeData({"v": grid})}))
    late = nir.EventData(np.array([[0]]), np.array([[2e-5]]), 3, 1e-5)
    with pytest.raises(NIRConversionError, match="beyond t_max"):
        hxsnn.from_nir_data(nir.NIRNodeData({"spikes": late}))
    with pytest.raises(NIRConversionError, match="shows nothing"):
        hxsnn.to_nir_data({"a": hxsnn.NeuronHandle()})
    with pytest.raises(NIRConversionError, match="SynapseHandle"):
        hxsnn.to_nir_data({"a": hxsnn.SynapseHandle()})


def test_config_is_checked():
    with pytest.raises(ParameterError, match="acceleration"):
        hxsnn.ConversionConfig(acceleration=0)
    with pytest.raises(ParameterError, match="threshold_lsb"):
        hxsnn.ConversionConfig(threshold_lsb=80)
    with pytest.raises(ParameterError, match="wanted a ConversionConfig"):
        hxsnn.from_nir(feed_forward(), config={"dt": 1e-6})


def test_library_is_optional_and_its_absence_says_what_to_install(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "nir", None)
    with pytest.raises(ImportError, match=r"hxtorch-spiking\[nir\]"):
        hxsnn.from_nir(None)


def circle_graph(sizes=(6, 4), scale=6.0):
    """Two populations that read each other's spikes, the first one its own too, and a readout of the second."""
    rng = np.random.default_rng(5)
    first, second = (np.ones(size, np.float32) for size in sizes)

    def linear(post, pre, mean=0.5):
        return nir.Linear(rng.normal(mean, 0.5, (post, pre)).astype(np.float32))

    return nir.NIRGraph(
        nodes={
            "input": nir.Input(np.array([SIZES[0]])),
            "w": linear(sizes[0], SIZES[0]),
            "a": nir.CubaLIF(6e-6 * first, 9e-6 * first, first, 0 * first, first, w_in=scale * first),
            "forth": linear(sizes[1], sizes[0], 1.5),
            "b": nir.CubaLIF(7e-6 * second, 8e-6 * second, second, 0 * second, 1.2 * second, w_in=scale * second),
            "back": linear(sizes[0], sizes[1], -0.2),
            "own": linear(sizes[0], sizes[0], -0.2),
            "out": linear(2, sizes[1]),
            "readout": nir.CubaLI(*(value * np.ones(2, np.float32) for value in (6e-6, 9e-6, 1, 0))),
            "output": nir.Output(np.array([2])),
        },
        edges=[
            ("input", "w"), ("w", "a"), ("a", "forth"), ("forth", "b"), ("b", "back"), ("back", "a"), ("a", "own"),
            ("own", "a"), ("b", "out"), ("out", "readout"), ("readout", "output"),
        ],
        metadata={},
        type_check=False,
    )  # fmt: skip


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


def test_circle_over_populations_runs_as_neurons_of_norse_do(norse):
    graph = circle_graph()
    network = hxsnn.from_nir(graph, config=CONFIG)
    spikes = spike_input()
    with torch.no_grad():
        handles, y = run(network, spikes)
        theirs = cells_of_norse(norse, graph, spikes)
    for name in ("a", "b"):
        assert theirs[name].sum() > 50
        torch.testing.assert_close(handles[name].spikes[1:], theirs[name][:-1], atol=1e-5, rtol=1e-5)
    assert y.membrane_cadc.abs().max() > 0.1


def test_circle_over_populations_trains_and_goes_back_to_a_graph():
    network = hxsnn.from_nir(circle_graph(), config=CONFIG)
    spikes = spike_input()
    handles, y = run(network, spikes)
    y.membrane_cadc.square().sum().backward()
    assert all(synapse.weight.grad.abs().sum() > 0 for synapse in network.synapses.values())
    with torch.no_grad():
        graph = hxsnn.to_nir(network)
        assert set(graph.nodes) == set(circle_graph().nodes)
        again, _ = run(hxsnn.from_nir(graph, config=CONFIG), spikes)
    for name in ("a", "b"):
        assert torch.equal(again[name].spikes, handles[name].spikes)


def test_circle_over_populations_runs_on_the_chip(ideal_chip):
    network = hxsnn.from_nir(circle_graph(), hxsnn.Experiment())
    handles, y = run_chip(network, spike_input())
    assert handles["a"].spikes.sum() > 0
    assert handles["b"].spikes.sum() > 0
    y.membrane_cadc.sum().backward()
    assert all(synapse.weight.grad.isfinite().all() for synapse in network.synapses.values())


def without_synapses(node):
    """5 -> a neuron without synaptic time constant."""
    weight = np.random.default_rng(1).normal(0.5, 0.8, (8, 5)).astype(np.float32)
    return nir.NIRGraph(
        nodes={
            "input": nir.Input(np.array([5])),
            "w": nir.Linear(weight),
            "cell": node,
            "output": nir.Output(np.array([8])),
        },
        edges=[("input", "w"), ("w", "cell"), ("cell", "output")],
        metadata={},
    )  # fmt: skip


NO_SYNAPSE = {
    "LIF": lambda: nir.LIF(9e-6 * ONE, ONE, 0 * ONE, 0.1 * vector(8, 0.8, 1.2, 3)),
    "IF": lambda: nir.IF(ONE, 3e-6 * ONE),
}


@pytest.mark.parametrize("kind", NO_SYNAPSE)
def test_neurons_without_synapses_run_as_in_norse_if_the_one_that_stands_in_takes_a_step(norse, kind):
    """Norse's integrate-and-fire neuron takes its input as a step of the membrane: 1 of it is r dt of a current."""
    node, spikes = NO_SYNAPSE[kind](), spike_input()
    config = hxsnn.ConversionConfig(mock=True, tau_syn=1e-6)
    graph = without_synapses(node)
    with torch.no_grad():
        handles, _ = run(hxsnn.from_nir(graph, config=config), spikes)
        if kind == "IF":
            graph.nodes["w"].weight = graph.nodes["w"].weight * 1e-6
        theirs = run_norse(norse, graph, spikes)["cell"]
    assert theirs.sum() > 50
    torch.testing.assert_close(handles["cell"].spikes[1:], theirs[:-1], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    "node", [lambda: nir.LIF(9e-6 * ONE, 2 * ONE, 0 * ONE, 50 * ONE), lambda: nir.LI(9e-6 * ONE, 2 * ONE, 0 * ONE)]
)
@pytest.mark.parametrize("tau_syn", [1e-6, 5e-6])
def test_a_spike_moves_the_membrane_as_far_whatever_stands_in(node, tau_syn):
    """The time integral of a membrane's response is that of the equations: tau times (r w dt / tau)."""
    graph = without_synapses(node())
    spikes = torch.zeros(300, 1, 5)
    spikes[3] = 1
    with torch.no_grad():
        network = hxsnn.from_nir(graph, config=hxsnn.ConversionConfig(mock=True, tau_syn=tau_syn))
        handles, _ = run(network, spikes)
    wanted = 2 * graph.nodes["w"].weight.sum(1)
    torch.testing.assert_close(handles["cell"].membrane_cadc.sum(0)[0], torch.from_numpy(wanted), rtol=1e-4, atol=1e-5)


def test_integrate_and_fire_neurons_hold_what_a_spike_adds():
    graph = without_synapses(nir.IF(2e5 * ONE, 50 * ONE))
    spikes = torch.zeros(100, 1, 5)
    spikes[3] = 1
    for tau_mem in (5e-6, 20e-6):
        config = hxsnn.ConversionConfig(mock=True, tau_syn=4e-6, tau_mem=tau_mem)
        with torch.no_grad():
            network = hxsnn.from_nir(graph, config=config)
            handles, _ = run(network, spikes)
        assert isinstance(network.populations["cell"], hxsnn.IAFNeuron)
        wanted = torch.from_numpy(0.2 * graph.nodes["w"].weight.sum(1))
        torch.testing.assert_close(handles["cell"].membrane_cadc[-1, 0], wanted, rtol=1e-4, atol=1e-5)


def test_neurons_without_synapses_run_on_the_chip(ideal_chip):
    for node in (nir.LIF(9e-6 * ONE, ONE, 0 * ONE, 0.1 * ONE), nir.IF(1e5 * ONE, 0.3 * ONE)):
        config = hxsnn.ConversionConfig(tau_syn=5e-6)
        network = hxsnn.from_nir(without_synapses(node), hxsnn.Experiment(), config)
        handles, _ = run_chip(network, spike_input())
        assert handles["cell"].spikes.sum() > 0


def test_what_stands_in_must_be_said():
    graph = without_synapses(NO_SYNAPSE["LIF"]())
    with pytest.raises(NIRConversionError, match=r"node 'cell': got LIF.*ConversionConfig\(tau_syn=\.\.\.\)"):
        hxsnn.from_nir(graph, config=CONFIG)
    with pytest.raises(ParameterError, match="tau_syn: got 0"):
        hxsnn.ConversionConfig(tau_syn=0.0)
    late = without_synapses(nir.LIF(ONE, ONE, 0 * ONE, ONE))
    with pytest.raises(NIRConversionError, match=r"node 'cell', tau: got 1 s on the chip"):
        hxsnn.from_nir(late, config=hxsnn.ConversionConfig(mock=True, tau_syn=5e-6))


def test_a_circle_through_a_readout_is_refused():
    graph = circle_graph()
    graph.nodes["loop"] = nir.Linear(np.ones((4, 2), np.float32))
    graph.edges += [("readout", "loop"), ("loop", "b")]
    with pytest.raises(NIRConversionError, match="node 'readout': sends spikes back"):
        hxsnn.from_nir(graph, config=CONFIG)


def test_modules_in_a_circle_become_a_graph_with_outputs():
    exp = hxsnn.Experiment(mock=True)
    a, b = hxsnn.Neuron(6, exp), hxsnn.Neuron(4, exp)
    links = [(a, b, hxsnn.Synapse(6, 4, exp)), (b, a, hxsnn.Synapse(4, 6, exp))]
    x = hxsnn.NeuronHandle(spike_input())
    hxsnn.RecurrentNetwork(exp, [a, b], links)([hxsnn.Synapse(5, 6, exp)(x)], [])
    graph = hxsnn.to_nir(exp, names={a: "a", b: "b"})
    shown = {pre for pre, post in graph.edges if isinstance(graph.nodes[post], nir.Output)}
    assert shown == {"a", "b"}
    assert set(hxsnn.from_nir(graph, config=CONFIG).populations) == {"a", "b"}
