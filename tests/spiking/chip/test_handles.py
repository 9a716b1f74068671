"""What low-level scripts get of a run: handles with tensors."""

import importlib

import numpy as np
import pytest
import torch

import _hxtorch_spiking
from hxtorch import core
from hxtorch.spiking.errors import ParameterError

RUNTIME = 50 * 125  # cycles


@pytest.fixture(scope="module")
def recorded():
    """Two sources fire five neurons in two batch entries; all recordings of the neurons are on."""
    builder = core.NetworkBuilder()
    inputs = builder.add(core.ExternalPopulation(20))
    layer = builder.add(core.Population(np.arange(5), True, True, 2))
    builder.add(core.Projection(inputs, layer, np.full((20, 5), 63)))
    network = builder.done()
    graph = core.build_network_graph(network, core.build_routing(network))
    spikes = torch.zeros(50, 2, 20)
    spikes[10, 0], spikes[20, 1] = 1, 1
    chip = core.Chip()
    chip.enable_threshold[:5] = True
    trains = core.NetworkInputs(RUNTIME, 2, {inputs: core.SpikeTrains.from_dense(spikes, 1e-6)})
    with core.open_session(serial="emulated-1", fidelity="ideal", seed=0):
        result = _hxtorch_spiking.run(chip, graph, trains, core.ExecutionInstanceHooks())
    names = ("extract_spikes", "extract_cadc", "extract_madc")
    return [getattr(_hxtorch_spiking, name)(result, graph, RUNTIME)[layer] for name in names]


def test_spikes_are_dense_by_step_alone_or_by_length_and_step(recorded):
    spikes, _, _ = recorded
    dense = spikes.to_dense(1e-6)
    assert isinstance(spikes, _hxtorch_spiking.SpikeHandle)
    assert isinstance(spikes, core.SpikeHandle)
    assert dense.shape == (51, 2, 5)  # ceil(runtime / dt) + 1 points of time
    assert torch.equal(dense, spikes.to_dense(50e-6, 1e-6))
    assert torch.equal(dense, spikes.to_dense(runtime=50e-6, dt=1e-6))
    assert spikes.to_dense(30e-6, 2e-6).shape == (16, 2, 5)
    assert 10 <= int(dense[:, 0, 0].argmax()) < 20 <= int(dense[:, 1, 0].argmax())
    with pytest.raises(ParameterError, match="wanted to_dense"):
        spikes.to_dense()


def test_spikes_are_a_sparse_tensor(recorded):
    data = recorded[0].get_data()
    assert data.is_sparse
    assert data.shape == (RUNTIME + 1, 2, 5)
    assert data.coalesce().indices()[0].sort().values.tolist() == sorted(recorded[0].times.tolist())


@pytest.mark.parametrize("mode", ["linear", "nn"])
def test_samples_of_the_column_adc_are_interpolated(recorded, mode):
    _, samples, _ = recorded
    dense = samples.to_dense(50e-6, 1e-6, mode=mode)
    assert dense.dtype == torch.float32
    plain = core.CADCHandle.of([*samples.parts], samples.size).to_dense(
        50e-6, 1e-6, "nearest" if mode == "nn" else mode
    )
    np.testing.assert_array_equal(dense.numpy(), plain)
    with pytest.raises(ParameterError, match="wanted 'linear' or 'nn'"):
        samples.to_dense(50e-6, 1e-6, mode="cubic")


def test_samples_of_the_column_adc_are_a_sparse_tensor(recorded):
    _, samples, _ = recorded
    data = samples.get_data().coalesce()
    times, values, neurons = samples.entry(1)[0]
    mine = data.indices()[1] == 1
    assert int(mine.sum()) == values.size
    first = (data.indices()[0] == times[3]) & mine & (data.indices()[2] == neurons[4])
    assert data.values()[first].tolist() == [values[3, 4]]


def test_samples_of_the_membrane_adc_are_times_in_cycles_and_codes(recorded):
    _, _, samples = recorded
    data = samples.get_data()
    times, codes = samples.entry(1)
    assert data.dtype == torch.float32
    assert data.shape == (2, len(codes), 2)
    np.testing.assert_allclose(data[0, :, 1].numpy(), times / 8e-9, rtol=1e-6)
    np.testing.assert_array_equal(data[1, :, 1].numpy(), codes.astype(np.float32))


def test_low_level_names_are_there():
    for name in ("extract_spikes", "extract_cadc", "extract_madc", "run", "tensor_to_spike_times", "SpikeHandle"):
        assert name in dir(_hxtorch_spiking)
    assert importlib.import_module("_hxtorch_core").weight_to_connection is _hxtorch_spiking.weight_to_connection


def test_tensors_are_listed_whether_trained_or_sparse():
    spikes = torch.zeros(10, 1, 2, requires_grad=True)
    with torch.no_grad():
        spikes[3, 0, 0], spikes[7, 0, 1] = 1, -1
    for given in (spikes, spikes.detach().to_sparse(), spikes.bool()):
        listed = _hxtorch_spiking.tensor_to_spike_times(given, 1e-6)
        assert listed[0][0] == pytest.approx([3e-6])
        assert listed[0][1] == pytest.approx([7e-6])
    assert _hxtorch_spiking.dense_spikes_to_list(spikes, 1e-6) == listed
    weight = torch.nn.Parameter(torch.ones(3, 2))
    assert [c.weight for c in _hxtorch_spiking.weight_to_connection(weight)] == [1] * 6
    pairs = torch.tensor([[2, 0], [1, 1]])
    listed = _hxtorch_spiking.weight_to_connection(weight, pairs)
    assert [(c.index_post[0], c.index_pre[0]) for c in listed] == [(2, 1), (0, 1)]


def test_times_and_neurons_are_told_apart_by_their_types():
    times, neurons = torch.tensor([[3e-6, 1e-6, 2e-6]]), torch.tensor([[0, 2, 0]])
    for pair in ((times, neurons), (neurons, times)):
        assert _hxtorch_spiking.dense_spikes_to_list(pair, 3) == [
            [pytest.approx([2e-6, 3e-6]), [], [pytest.approx(1e-6)]]
        ]
    with pytest.raises(ParameterError, match="wanted 0 to 1"):
        _hxtorch_spiking.dense_spikes_to_list((times, neurons), 2)
    with pytest.raises(ParameterError, match="wanted times, real, and neurons, integers"):
        _hxtorch_spiking.dense_spikes_to_list((times, times), 2)
