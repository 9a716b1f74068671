import nir
import numpy as np
import pytest
import torch

from hxtorch import snn as hxsnn
from hxtorch.spiking.errors import ExperimentError, NIRConversionError
from hxtorch.spiking.utils.from_nir import from_nir
from hxtorch.spiking.utils.to_nir import SNN, to_nir


class Net(torch.nn.Module):
    """Two layers of a user."""

    def __init__(self, dt=1e-6, mock=True, device=torch.device("cpu"), runs=True):  # noqa: B008
        super().__init__()
        self.exp = hxsnn.Experiment(mock=mock, dt=dt)
        self.linear1 = hxsnn.Synapse(5, 4, self.exp)
        self.lif1 = hxsnn.Neuron(4, self.exp, tau_mem=8e-6, leak=0.0, reset=0.0, threshold=1.0)
        self.linear2 = hxsnn.Synapse(4, 3, self.exp)
        self.li = hxsnn.ReadoutNeuron(3, self.exp, leak=0.0)
        self.runs = runs

    def forward(self, spikes):
        y = self.li(self.linear2(self.lif1(self.linear1(hxsnn.LIFObservables(spikes=spikes)))))
        if self.runs:
            hxsnn.run(self.exp, len(spikes) if not self.exp.mock else None)
        return y.membrane_cadc


SAMPLE = torch.zeros(10, 2, 5)


@pytest.mark.parametrize("runs", [True, False])
def test_modules_that_run_themselves_become_graphs(runs):
    """to_nir(snn, input_sample); chip seconds are graph seconds / 1000, r is tau_mem / C."""
    snn = Net(runs=runs)
    graph = to_nir(snn, SAMPLE)
    assert [*graph.edges] == [
        ("input", "linear1"), ("linear1", "lif1"), ("lif1", "linear2"), ("linear2", "li"), ("li", "output"),
    ]  # fmt: skip
    assert isinstance(graph.nodes["lif1"], nir.CubaLIF)
    assert isinstance(graph.nodes["li"], nir.CubaLI)
    np.testing.assert_allclose(graph.nodes["lif1"].tau_mem, 8e-3, rtol=1e-6)
    np.testing.assert_allclose(graph.nodes["lif1"].w_in, graph.nodes["lif1"].tau_syn / 1e-3, rtol=1e-6)
    np.testing.assert_array_equal(graph.nodes["linear1"].weight, snn.linear1.weight.detach())
    assert graph.nodes["input"].input_type["input"].tolist() == [5]
    assert not len(snn.exp.modules)


def test_exported_modules_run_as_before():
    torch.manual_seed(1)
    snn, spikes = Net(), (torch.rand(60, 2, 5) < 0.4).float()
    torch.nn.init.normal_(snn.linear1.weight, 0.6, 0.3)
    network = from_nir(to_nir(snn, SAMPLE))
    with torch.no_grad():
        wanted = snn(spikes)
        network({"input": spikes})
    assert network.output["lif1"].spikes.sum() > 10
    torch.testing.assert_close(network.output["output"].membrane_cadc, wanted, rtol=1e-4, atol=1e-5)


def test_a_base_for_modules_of_users():
    """SNN(dt, mock, device), forward(spikes) gives a tensor."""
    snn = SNN(dt=1e-6, mock=True, device=torch.device("cpu"))
    with pytest.raises(ExperimentError, match="has no modules"):
        snn(SAMPLE)
    snn.linear = hxsnn.Synapse(5, 3, snn.exp)
    snn.lif = hxsnn.Neuron(3, snn.exp)
    assert snn(SAMPLE).shape == (10, 2, 3)
    assert set(to_nir(snn, SAMPLE).nodes) == {"input", "linear", "lif", "output"}


def test_neurons_without_leak_become_integrate_and_fire_nodes(tmp_path):
    """nir.IF there and back, with the synaptic time constant in the metadata."""
    snn = SNN()
    snn.fc = hxsnn.Synapse(5, 3, snn.exp)
    snn.cell = hxsnn.IAFNeuron(3, snn.exp, tau_syn=6e-6, tau_mem=10e-6, reset=0.0, threshold=0.4)
    torch.nn.init.normal_(snn.fc.weight, 0.3, 0.2)
    nir.write(tmp_path / "graph.nir", to_nir(snn, SAMPLE))
    graph = nir.read(tmp_path / "graph.nir")
    assert isinstance(graph.nodes["cell"], nir.IF)
    network, spikes = from_nir(graph), (torch.rand(60, 2, 5) < 0.2).float()
    assert network.populations["cell"].params.tau_syn == pytest.approx(6e-6)
    with torch.no_grad():
        wanted = snn(spikes)
        found = network({"input": spikes})["cell"]
    assert wanted.sum() > 10
    torch.testing.assert_close(found, wanted)


def test_what_is_no_network_says_what_was_wanted():
    for wrong in (torch.nn.ModuleList(), Net(), Net().forward, 5, None):
        with pytest.raises(NIRConversionError, match=rf"snn: got {type(wrong).__name__}.*Experiment.*SNN"):
            to_nir(wrong)
    with pytest.raises(ExperimentError, match="called no module"):
        to_nir(torch.nn.Identity(), SAMPLE)


def test_what_has_no_counterpart_names_itself(graphs):
    exp = hxsnn.Experiment(mock=True)
    with pytest.raises(ExperimentError, match="nothing to convert"):
        hxsnn.to_nir(exp)
    hxsnn.AELIF(2, exp)(hxsnn.Synapse(5, 2, exp)(hxsnn.NeuronHandle(graphs.spike_input())))
    with pytest.raises(NIRConversionError, match=r"'aelif': AELIF"):
        hxsnn.to_nir(exp)
