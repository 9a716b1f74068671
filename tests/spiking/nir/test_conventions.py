"""Graphs as other libraries read them."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from hxtorch import snn as hxsnn
from hxtorch.spiking.errors import NIRConversionError, ParameterWarning
from hxtorch.spiking.transforms.encode import PixelsToSpikeTimes, SpikeTimesToDense

# What norse stands on deprecates how norse uses it.
pytestmark = pytest.mark.filterwarnings("ignore:nirtorch:DeprecationWarning", "ignore:.*torch.jit:DeprecationWarning")

LIBRARIES = ("norse", "snntorch", "spikingjelly")
M = hxsnn.MixedHXModelParameter
NONE = M(0.0, 1e-6)  # no refractory time in the model
LIF = {"leak": 0.2, "reset": 0.2, "threshold": 1.2, "tau_mem": 7e-6, "tau_syn": 5e-6, "refractory_time": NONE}
LAYERS = {
    "LIF": lambda exp: hxsnn.LIF(8, exp, **LIF),
    "thresholds of each neuron": lambda exp: hxsnn.LIF(
        8, exp, **{**LIF, "threshold": M(torch.linspace(0.9, 1.6, 8), 125)}
    ),
    "time constants of each neuron": lambda exp: hxsnn.LIF(
        8, exp, **{**LIF, "tau_mem": M(torch.linspace(5e-6, 9e-6, 8), 10e-6)}
    ),
    "reset beside the leak": lambda exp: hxsnn.LIF(8, exp, **{**LIF, "reset": 0.0}),
    "leak above the threshold": lambda exp: hxsnn.LIF(8, exp, **{**LIF, "leak": 1.5}),
    "refractory time": lambda exp: hxsnn.LIF(8, exp, **{**LIF, "refractory_time": 2e-6}),
    "IAFNeuron": lambda exp: hxsnn.IAFNeuron(
        8, exp, reset=0.0, threshold=1.0, tau_syn=5e-6, refractory_time=M(0.0, 1e-6)
    ),
    "LI (readout)": lambda exp: hxsnn.LI(8, exp, leak=0.0, tau_mem=7e-6, tau_syn=5e-6),
    "AELIF": lambda exp: hxsnn.AELIF(8, exp),
}


class Chain(hxsnn.nir.SNN):
    """5 inputs -> a layer."""

    def __init__(self, layer, bias=False):
        super().__init__()
        self.linear = hxsnn.Synapse(5, 8, self.exp, bias=torch.full((8,), 0.01) if bias else False)
        torch.nn.init.normal_(self.linear.weight, 0.6, 0.6, generator=torch.Generator().manual_seed(0))
        self.layer = layer(self.exp)


class Loop(hxsnn.nir.SNN):
    """5 inputs -> neurons that read their own spikes."""

    def __init__(self):
        super().__init__()
        self.linear, self.layer = hxsnn.Synapse(5, 8, self.exp), LAYERS["LIF"](self.exp)
        self.own = hxsnn.Synapse(8, 8, self.exp)
        torch.nn.init.normal_(self.linear.weight, 0.6, 0.6, generator=torch.Generator().manual_seed(0))
        self.recurrent = hxsnn.Recurrent(self.exp, self.layer, self.own)

    def forward(self, spikes):
        z = self.recurrent(self.linear(hxsnn.NeuronHandle(spikes)))
        hxsnn.run(self.exp, None)
        return z.filled()


NETWORKS = {
    **{name: lambda layer=layer: Chain(layer) for name, layer in LAYERS.items()},
    "bias": lambda: Chain(LAYERS["LIF"], bias=True),
    "Recurrent": Loop,
}


def by_rules(graph, spikes, step):
    """Return what a graph of one layer shows by the rules that all libraries have, written out: spikes and membranes.

    What their importers ask for is checked on the way.
    """
    node, linear = graph.nodes["layer"], graph.nodes["linear"]
    tau_syn, tau_mem = torch.tensor(node.tau_syn), torch.tensor(node.tau_mem)
    np.testing.assert_allclose(node.r, node.tau_mem / step, rtol=1e-6)
    np.testing.assert_allclose(node.w_in, node.tau_syn / step, rtol=1e-6)
    assert not node.v_leak.any()
    current = membrane = torch.zeros(spikes.shape[1], 8)
    fired, shown = [], []
    for given in spikes @ torch.tensor(linear.weight).T + torch.tensor(
        getattr(linear, "bias", np.zeros(8, np.float32))
    ):
        current = current * (1 - step / tau_syn) + given
        membrane = membrane * (1 - step / tau_mem) + current
        z = (membrane > torch.tensor(node.v_threshold)).float()
        membrane = torch.where(z > 0, torch.tensor(node.v_reset), membrane)
        fired.append(z)
        shown.append(membrane)
    return torch.stack(fired), torch.stack(shown)


def outcome(make, library):
    """Return what becomes of a network: "yes", what is said, or "refused"."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            hxsnn.to_nir(make(), torch.zeros(4, 1, 5), for_=library)
        except NIRConversionError:
            return "refused"
    kinds = {"no refractory time": "without", "come back": "a step earlier"}
    return next((kind for text, kind in kinds.items() for one in said if text in str(one.message)), "yes")


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    "name",
    ["LIF", "thresholds of each neuron", "time constants of each neuron", "reset beside the leak", "IAFNeuron", "bias"],
)
def test_graph_runs_by_the_rules_of_the_library_as_here(graphs, library, name):
    """Membranes move by the current of the same step: they are a step early against ours."""
    network, spikes = NETWORKS[name](), graphs.spike_input()
    try:
        graph = hxsnn.to_nir(network, spikes, for_=library)
    except NIRConversionError:
        assert outcome(NETWORKS[name], library) == "refused"
        return
    with torch.no_grad():
        ours, step = network(spikes), 1e-3 if library == "norse" else 1e-4
    theirs, _ = by_rules(graph, spikes, step)
    if library != "norse":
        assert not np.ptp(graph.nodes["layer"].v_threshold)
    assert ours.sum() > 50
    assert float((ours[1:] != theirs[:-1]).float().mean()) < 2e-4  # a membrane may be at the threshold but for rounding


@pytest.mark.parametrize("library", LIBRARIES)
def test_readouts_arrive(graphs, library):
    network, spikes = NETWORKS["LI (readout)"](), graphs.spike_input()
    graph = hxsnn.to_nir(network, spikes, for_=library)
    with torch.no_grad():
        ours, step = network(spikes), 1e-3 if library == "norse" else 1e-4
    fired, theirs = by_rules(graph, spikes, step)
    assert not fired.any()
    assert ours.abs().max() > 1
    torch.testing.assert_close(ours[1:], theirs[:-1], atol=1e-4, rtol=1e-4)


def test_norse_reads_readouts_and_neurons(graphs, norse):
    for name in ("LI (readout)", "thresholds of each neuron", "IAFNeuron"):
        network, spikes = NETWORKS[name](), graphs.spike_input()
        graph = hxsnn.to_nir(network, spikes, for_="norse")
        model, state, fired, membranes = norse.from_nir(graph, dt=1e-3), None, [], []
        with torch.no_grad():
            for step in spikes:
                out, state = model(step, state)
                fired.append(out)
                membranes.append(state.state["layer"][0][1].v)
            ours = network(spikes)
        theirs = torch.stack(membranes if "readout" in name else fired)
        assert ours.abs().sum() > 50
        torch.testing.assert_close(ours[1:], theirs[:-1], atol=1e-4, rtol=1e-4)


def test_size_of_the_refractory_effect_is_said_once(graphs):
    network, spikes = NETWORKS["refractory time"](), graphs.spike_input()
    with torch.no_grad():
        part = float(network(spikes).mean()) * 2
    with pytest.warns(ParameterWarning, match=rf"norse has no refractory time .* {part:.1%} of the sample") as said:
        graph = hxsnn.to_nir(network, spikes, for_="norse")
    assert len(said) == 1
    assert not graph.nodes["layer"].metadata
    network.layer(network.linear(hxsnn.NeuronHandle(spikes)))
    with pytest.warns(ParameterWarning, match=r"every 9e-06 s here does so every 7e-06 s there, 29% more"):
        hxsnn.to_nir(network.exp, for_="norse")
    network.exp.clear()


def test_unknown_library():
    with pytest.raises(NIRConversionError, match="norse, snntorch, spikingjelly"):
        hxsnn.to_nir(NETWORKS["LIF"](), torch.zeros(4, 1, 5), for_="brian")


def test_networks_of_graphs_go_on_to_other_libraries(graphs):
    graph = graphs.feed_forward()
    network = hxsnn.from_nir(graph, config=hxsnn.ConversionConfig(acceleration=1))
    made = hxsnn.to_nir(network, for_="norse")
    assert {type(node).__name__ for node in made.nodes.values()} == {"Input", "Output", "Linear", "CubaLIF"}
    with pytest.raises(NIRConversionError, match="one time constant"):
        hxsnn.to_nir(network, for_="spikingjelly")


def test_support_table_of_the_documentation_is_what_the_exports_do():
    rows = [
        f"| {name} | " + " | ".join(outcome(make, library) for library in LIBRARIES) + " |"
        for name, make in NETWORKS.items()
    ]
    page = Path(__file__).parents[3] / "docs/howto/nir.md"
    table = "\n".join([f"| layer | {' | '.join(LIBRARIES)} |", "| --- | --- | --- | --- |", *rows])
    assert table in page.read_text(), f"write into {page.name}:\n{table}"


class Digits(torch.nn.Module):
    """scikit-learn's digits by spike times: 64 -> 40 -> 10."""

    def __init__(self):
        super().__init__()
        self.exp = hxsnn.Experiment(mock=True)
        times = {"tau_mem": 6e-6, "tau_syn": 6e-6, "membrane_capacitance": M(6e-6, 63)}
        self.linear_h = hxsnn.Synapse(64, 40, self.exp)
        self.hidden = hxsnn.LIF(40, self.exp, leak=0.0, reset=0.0, threshold=1.0, refractory_time=NONE, **times)
        self.linear_o, self.readout = hxsnn.Synapse(40, 10, self.exp), hxsnn.LI(10, self.exp, leak=0.0, **times)
        self.linear_h.reset_parameters(0.05, 0.2)
        self.linear_o.reset_parameters(0.0, 0.1)

    def forward(self, spikes):
        readout = self.readout(self.linear_o(self.hidden(self.linear_h(hxsnn.NeuronHandle(spikes)))))
        hxsnn.run(self.exp, None)
        return 5 * readout.membrane_cadc.amax(0)


@pytest.mark.slow
def test_digits_are_told_apart_in_norse_as_here(norse):
    from sklearn.datasets import load_digits

    data = load_digits()
    encode = torch.nn.Sequential(PixelsToSpikeTimes(8.0, 0.2, 32.0), SpikeTimesToDense(1.0, 32, dtype=torch.float32))
    spikes, labels = encode(torch.tensor(data.data, dtype=torch.float32) / 16), torch.tensor(data.target)
    torch.manual_seed(0)
    network = Digits()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    for batch in torch.randperm(1400).split(50):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(spikes[:, batch]), labels[batch]).backward()
        optimizer.step()
    tests = spikes[:, 1400:]
    with torch.no_grad():
        ours = network(tests).argmax(1)
        model, state, membranes = norse.from_nir(hxsnn.to_nir(network, tests, for_="norse"), dt=1e-3), None, []
        for step in tests:
            _, state = model(step, state)
            membranes.append(state.state["readout"][0][1].v)
    theirs = torch.stack(membranes).amax(0).argmax(1)
    assert float((ours == labels[1400:]).float().mean()) > 0.6
    assert float((ours == theirs).float().mean()) >= 0.99
