"""Synapses between some pairs, in the model and on a chip."""

import numpy as np
import pytest
import torch

from hxtorch import snn as hxsnn
from hxtorch.core import RoutingError
from hxtorch.spiking.errors import ParameterError, TensorShapeError, TensorTypeError
from hxtorch.spiking.functional import CUBALIParams, cuba_li_integration

CONNECTIONS = torch.tensor([[1, 0, 0], [0, 2, 1], [0, 0, 0], [-1, 0, 1]])


def some_spikes(size=4, steps=40, seed=1):
    return (torch.rand(steps, 2, size, generator=torch.Generator().manual_seed(seed)) < 0.1).float()


@pytest.mark.parametrize("layout", ["dense", "coo", "csr"])
def test_weights_are_one_per_connection(layout):
    if layout == "csr":
        with pytest.warns(UserWarning, match="CSR"):
            connections = CONNECTIONS.to_sparse_csr()
    else:
        connections = CONNECTIONS if layout == "dense" else CONNECTIONS.to_sparse()
    syn = hxsnn.SparseSynapse(connections, hxsnn.Experiment(mock=True), dtype=torch.float64)
    assert (syn.in_features, syn.out_features) == (4, 3)
    assert syn.weight.shape == (5,)
    assert syn.weight.dtype == torch.float64
    assert torch.equal(syn.connections.to_dense(), (CONNECTIONS != 0).double())
    assert list(syn.state_dict()) == ["weight"]


def test_first_weights_are_bounded_by_the_synapses_of_the_target():
    connections = torch.zeros(400, 2)
    connections[:, 0] = 1
    connections[:4, 1] = 1
    syn = hxsnn.SparseSynapse(connections, hxsnn.Experiment(mock=True))
    targets = syn.pattern[1]
    assert 0.04 < syn.weight[targets == 0].abs().max() <= 0.05
    assert syn.weight[targets == 1].abs().max() <= 0.5
    before = syn.weight.clone()
    syn.reset_parameters()
    assert not torch.equal(syn.weight, before)


def test_network_is_that_of_a_dense_synapse_with_zeros():
    exp = hxsnn.Experiment(mock=True, dt=1e-6)
    syn, readout = hxsnn.SparseSynapse(CONNECTIONS, exp), hxsnn.ReadoutNeuron(3, exp)
    y = readout(syn(hxsnn.NeuronHandle(some_spikes())))
    hxsnn.run(exp, None)
    dense = torch.zeros(4, 3).masked_scatter(CONNECTIONS != 0, syn.weight)
    law = cuba_li_integration(some_spikes() @ dense, CUBALIParams())
    torch.testing.assert_close(y.membrane_cadc, law.membrane_cadc)
    gradients = [
        torch.autograd.grad(trace.square().sum(), syn.weight)[0] for trace in (y.membrane_cadc, law.membrane_cadc)
    ]
    torch.testing.assert_close(*gradients)


def test_chip_gets_the_weights_where_there_are_synapses():
    syn = hxsnn.SparseSynapse(CONNECTIONS, hxsnn.Experiment(), transform=lambda weight: (10 * weight).clamp(-63, 63))
    with torch.no_grad():
        syn.weight.copy_(torch.tensor([1.0, -2.0, 0.25, 0.0, 9.0]))
    assert syn.hardware_weights().tolist() == [[10, 0, 0], [0, -20, 3], [0, 0, 0], [0, 0, 63]]
    assert syn.hardware_weights().dtype == np.int8
    assert np.array_equal(syn.hardware_mask(), CONNECTIONS != 0)


def test_chip_gives_what_it_gives_for_dense_synapses_with_zeros(ideal_chip):
    traces = []
    for kind in ("sparse", "dense"):
        exp = hxsnn.Experiment(dt=1e-6)
        syn = hxsnn.SparseSynapse(CONNECTIONS, exp) if kind == "sparse" else hxsnn.Synapse(4, 3, exp)
        readout = hxsnn.ReadoutNeuron(3, exp, trace_offset=-48.0)
        values = torch.tensor([20.0, -30.0, 40.0, 60.0, 25.0])
        with torch.no_grad():
            dense = torch.zeros(4, 3).masked_scatter(CONNECTIONS != 0, values)
            syn.weight.copy_(values if kind == "sparse" else dense.T)
        y = readout(syn(hxsnn.NeuronHandle(some_spikes())))
        hxsnn.run(exp, 40)
        traces.append(y.membrane_cadc)
    assert traces[0].abs().amax((0, 1)).min() > 3
    assert torch.equal(*traces)


def test_more_sources_than_a_column_has_rows_route_if_they_are_spread(ideal_chip):
    exp = hxsnn.Experiment(dt=1e-6)
    size = 200
    spikes = torch.zeros(30, 1, size)
    spikes[5, :, ::2] = 1
    with torch.no_grad():
        sparse = hxsnn.SparseSynapse(torch.eye(size), exp)
        sparse.weight.fill_(60.0)
        readout = hxsnn.ReadoutNeuron(size, exp, trace_offset=-48.0)
        y = readout(sparse(hxsnn.NeuronHandle(spikes)))
        hxsnn.run(exp, 30)
    peak = y.membrane_cadc.amax((0, 1))
    assert peak[::2].min() > 8
    assert peak[1::2].max() < 2
    dense, readout = hxsnn.Synapse(size, size, exp), hxsnn.ReadoutNeuron(size, exp)
    readout(dense(hxsnn.NeuronHandle(spikes)))
    with pytest.raises(RoutingError):
        hxsnn.run(exp, 30)


def test_bad_connections():
    exp = hxsnn.Experiment(mock=True)
    with pytest.raises(TensorTypeError, match="wanted a torch tensor"):
        hxsnn.SparseSynapse([[1, 0]], exp)
    with pytest.raises(TensorShapeError, match="in_features, out_features"):
        hxsnn.SparseSynapse(torch.ones(3), exp)
    with pytest.raises(ParameterError, match="at least one synapse"):
        hxsnn.SparseSynapse(torch.zeros(3, 2), exp)
    with pytest.raises(ParameterError, match="at least one synapse"):
        hxsnn.SparseSynapse(torch.zeros(3, 0), exp)
