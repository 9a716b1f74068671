"""Synapses between some pairs, in the model and on a chip."""

import numpy as np
import pytest
import torch
import unit_layers as unit

from hxtorch import snn as hxsnn
from hxtorch.core import RoutingError
from hxtorch.spiking.errors import ParameterError, ParameterWarning, TensorShapeError, TensorTypeError
from hxtorch.spiking.functional import CUBALIParams, cuba_li_integration

CONNECTIONS = torch.tensor([[1, 0, 0], [0, 2, 1], [0, 0, 0], [-1, 0, 1]])


def some_spikes(size=4, steps=40, seed=1):
    return (torch.rand(steps, 2, size, generator=torch.Generator().manual_seed(seed)) < 0.1).float()


@pytest.mark.parametrize("layout", ["dense", "coo", "csr"])
def test_weight_is_a_dense_matrix_that_is_zero_without_a_connection(layout):
    if layout == "csr":
        with pytest.warns(UserWarning, match="CSR"):
            connections = CONNECTIONS.to_sparse_csr()
    else:
        connections = CONNECTIONS if layout == "dense" else CONNECTIONS.to_sparse()
    syn = hxsnn.SparseSynapse(connections, hxsnn.Experiment(mock=True), dtype=torch.float64)
    assert (syn.in_features, syn.out_features) == (4, 3)
    assert syn.weight.shape == (3, 4)
    assert torch.equal(syn.weight != 0, CONNECTIONS.T != 0)
    assert torch.equal(syn.mask, CONNECTIONS.T != 0)
    assert syn.weight.dtype == torch.float64
    assert torch.equal(syn.connections.to_dense(), (CONNECTIONS != 0).double())
    assert list(syn.state_dict()) == ["weight"]


def test_packed_weights_are_one_per_connection():
    syn = hxsnn.SparseSynapse(CONNECTIONS, hxsnn.Experiment(mock=True), packed=True)
    assert syn.weight.shape == (5,)
    assert torch.equal(syn.connections.to_dense(), (CONNECTIONS != 0).float())


def test_first_weights_are_those_of_kaiming_where_there_are_connections():
    syn = hxsnn.SparseSynapse(CONNECTIONS, hxsnn.Experiment(mock=True))
    torch.manual_seed(5)
    syn.reset_parameters()
    torch.manual_seed(5)
    dense = torch.nn.init.kaiming_uniform_(torch.empty(3, 4), a=5**0.5)
    assert torch.equal(syn.weight, dense * (CONNECTIONS.T != 0))


def test_first_packed_weights_are_bounded_by_the_synapses_of_the_target():
    connections = torch.zeros(400, 2)
    connections[:, 0] = 1
    connections[:4, 1] = 1
    syn = hxsnn.SparseSynapse(connections, hxsnn.Experiment(mock=True), packed=True)
    targets = syn.pattern[1]
    assert 0.04 < syn.weight[targets == 0].abs().max() <= 0.05
    assert syn.weight[targets == 1].abs().max() <= 0.5
    before = syn.weight.clone()
    syn.reset_parameters()
    assert not torch.equal(syn.weight, before)


def place(syn, values):
    """Write the weights of the synapses in the order of sources."""
    with torch.no_grad():
        syn.weight.copy_(values if syn.packed else torch.zeros(4, 3).masked_scatter(CONNECTIONS != 0, values).T)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("thin", [False, True])
def test_network_is_that_of_a_dense_synapse_with_zeros(packed, thin, monkeypatch):
    if thin:  # however few synapses there are, the list of them is taken
        monkeypatch.setattr("hxtorch.spiking.modules.synapses.sparse._SMALL", 0)
        monkeypatch.setattr("hxtorch.spiking.modules.synapses.sparse._THIN", 0)
    exp = hxsnn.Experiment(mock=True, dt=1e-6)
    syn = hxsnn.SparseSynapse(CONNECTIONS, exp, packed=packed)
    assert (syn.matrix() is None) == thin
    readout = unit.li(3, exp, leak=0.0)
    y = readout(syn(hxsnn.NeuronHandle(some_spikes())))
    hxsnn.run(exp, None)
    values = syn.values().detach().requires_grad_()
    dense = torch.zeros(4, 3).masked_scatter(CONNECTIONS != 0, values)
    law = cuba_li_integration(some_spikes() @ dense, CUBALIParams())
    torch.testing.assert_close(y.membrane_cadc, law.membrane_cadc)
    (gradient,) = torch.autograd.grad(y.membrane_cadc.square().sum(), syn.weight)
    (wanted,) = torch.autograd.grad(law.membrane_cadc.square().sum(), values)
    if packed:
        torch.testing.assert_close(gradient, wanted)
    else:
        torch.testing.assert_close(gradient, torch.zeros(4, 3).masked_scatter(CONNECTIONS != 0, wanted).T)


def test_training_moves_weights_of_synapses_alone():
    exp = hxsnn.Experiment(mock=True)
    syn = hxsnn.SparseSynapse(CONNECTIONS, exp)
    optimizer = torch.optim.SGD(syn.parameters(), lr=1.0)
    y = syn(hxsnn.NeuronHandle(torch.ones(2, 1, 4)))
    hxsnn.run(exp, None)
    y.graded_spikes.sum().backward()
    before = syn.weight.detach().clone()
    optimizer.step()
    assert torch.equal(before != syn.weight, CONNECTIONS.T != 0)


def test_own_model_gets_weight_and_mask():
    exp = hxsnn.Experiment(mock=True)
    syn = hxsnn.SparseSynapse(CONNECTIONS, exp, lambda spikes, weight, mask: spikes @ (3 * mask).float().T)
    y = syn(hxsnn.NeuronHandle(torch.ones(2, 1, 4)))
    hxsnn.run(exp, None)
    assert y.graded_spikes[0, 0].tolist() == [6, 3, 6]


@pytest.mark.parametrize("packed", [False, True])
def test_checkpoints_of_both_layouts_load(packed):
    exp = hxsnn.Experiment(mock=True)
    one, other = (hxsnn.SparseSynapse(CONNECTIONS, exp, packed=layout) for layout in (not packed, packed))
    other.load_state_dict(one.state_dict())
    assert torch.equal(one.values(), other.values())


@pytest.mark.parametrize("packed", [False, True])
def test_chip_gets_the_weights_where_there_are_synapses(packed):
    transform = lambda weight: (10 * weight).clamp(-63, 63)  # noqa: E731
    syn = hxsnn.SparseSynapse(CONNECTIONS, hxsnn.Experiment(), transform=transform, packed=packed)
    place(syn, torch.tensor([1.0, -2.0, 0.25, 0.0, 6.2]))
    if not packed:
        syn.weight.data[~syn.mask] = 99.0  # without a synapse it does not matter
    assert syn.hardware_weights().tolist() == [[10, 0, 0], [0, -20, 3], [0, 0, 0], [0, 0, 62]]
    assert syn.hardware_weights().dtype == np.int8
    assert np.array_equal(syn.hardware_mask(), CONNECTIONS != 0)


@pytest.mark.parametrize("packed", [False, True])
def test_chip_gives_what_it_gives_for_dense_synapses_with_zeros(ideal_chip, packed):
    traces = []
    for kind in ("sparse", "dense"):
        exp = hxsnn.Experiment(dt=1e-6)
        sparse = kind == "sparse"
        syn = hxsnn.SparseSynapse(CONNECTIONS, exp, packed=packed) if sparse else hxsnn.Synapse(4, 3, exp)
        readout = unit.li(3, exp, trace_offset=-48.0)
        values = torch.tensor([20.0, -30.0, 40.0, 60.0, 25.0])
        if sparse:
            place(syn, values)
        else:
            with torch.no_grad():
                syn.weight.copy_(torch.zeros(4, 3).masked_scatter(CONNECTIONS != 0, values).T)
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
        readout = unit.li(size, exp, trace_offset=-48.0)
        y = readout(sparse(hxsnn.NeuronHandle(spikes)))
        hxsnn.run(exp, 30)
    peak = y.membrane_cadc.amax((0, 1))
    assert peak[::2].min() > 8
    assert peak[1::2].max() < 2
    dense, readout = hxsnn.Synapse(size, size, exp), unit.li(size, exp)
    torch.nn.init.ones_(dense.weight)
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


@pytest.mark.parametrize("packed", [False, True])
def test_weights_of_a_checkpoint_without_a_synapse_here_are_said(packed):
    exp = hxsnn.Experiment(mock=True)
    here = torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    saved = hxsnn.SparseSynapse(torch.ones(2, 3), exp).state_dict()
    layer = hxsnn.SparseSynapse(here, exp, packed=packed)
    with pytest.warns(
        ParameterWarning, match="weight: 2 weights of the checkpoint are where this layer has no synapse"
    ):
        layer.load_state_dict(saved)
    again = hxsnn.SparseSynapse(here, exp)
    again.load_state_dict(hxsnn.SparseSynapse(here, exp).state_dict())
