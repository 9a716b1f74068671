import nir
import numpy as np
import pytest
import torch

from hxtorch import snn as hxsnn
from hxtorch.spiking.errors import NIRConversionError, TensorShapeError
from hxtorch.spiking.utils.from_nir_data import from_nir_data
from hxtorch.spiking.utils.to_nir_data import to_nir_data


@pytest.mark.parametrize("n_events", [None, 60])
def test_data_goes_there_and_back(graphs, n_events):
    spikes = graphs.spike_input()
    handles = {"hidden": hxsnn.NeuronHandle(spikes, 2 * spikes), "readout": hxsnn.ReadoutNeuronHandle(3 * spikes)}
    data = hxsnn.to_nir_data(handles, n_events=n_events)
    assert data.nodes["hidden"].observables["v"].shape == (4, graphs.STEPS, 5)
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
    biological = hxsnn.ConversionConfig(data_acceleration=1000)
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


def test_data_of_a_model_are_tensors_in_its_steps(graphs):
    """from_nir_data(data, model), to_nir_data(dict, model); times of data are not scaled."""
    network = hxsnn.from_nir(graphs.feed_forward(), hxsnn.ConversionConfig(acceleration=1))
    spikes = graphs.spike_input()
    data = to_nir_data({"input": spikes}, network)
    grid = data.nodes["input"].observables["spikes"]
    assert grid.dt == network.exp.dt == 1e-6
    given = from_nir_data(data, network)
    assert torch.equal(given["input"], spikes)
    with torch.no_grad():
        found = network(given)
    assert set(found) == {"hidden"}
    back = to_nir_data({**found, "readout": network.output["readout"].membrane_cadc}, network)
    assert set(back.nodes["hidden"].observables) == {"spikes"}
    assert set(back.nodes["readout"].observables) == {"v"}
    assert torch.equal(from_nir_data(back, network)["hidden"], found["hidden"])


def test_models_of_users_and_experiments_have_steps_too():
    model = torch.nn.Module()
    model.exp = hxsnn.Experiment(mock=True, dt=2e-6)
    inner = torch.nn.Sequential(hxsnn.Neuron(2, hxsnn.Experiment(mock=True, dt=2e-6)))
    for one in (model, model.exp, inner):
        assert to_nir_data({"a": torch.zeros(4, 1, 2)}, one).nodes["a"].observables["spikes"].dt == 2e-6
    with pytest.raises(NIRConversionError, match="hxtorch_model: got Identity without an experiment"):
        to_nir_data({"a": torch.zeros(4, 1, 2)}, torch.nn.Identity())
    with pytest.raises(TensorShapeError, match=r"node 'a': got shape \(4, 2\)"):
        to_nir_data({"a": torch.zeros(4, 2)}, model)


@pytest.mark.parametrize(
    ("observable", "message"),
    [
        (nir.EventData(np.array([[7]]), np.array([[0.0]]), 3, 1e-5), "got one of neuron 7"),
        (nir.EventData(np.array([[1]]), np.array([[np.nan]]), 3, 1e-5), "spikes.time: holds NaN"),
        ("many", "got str, wanted"),
    ],
)
def test_data_that_make_no_sense_are_named(observable, message):
    with pytest.raises(NIRConversionError, match=message):
        hxsnn.from_nir_data(nir.NIRNodeData({"spikes": observable}))
