"""Spikes of a handle as events."""

import copy
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import hxtorch.snn as hxsnn
from hxtorch.spiking.errors import ExperimentError, TensorShapeError

NEURON = {"leak": hxsnn.MixedHXModelParameter(0.0, 80), "reset": hxsnn.MixedHXModelParameter(0.0, 80)}


def network(mock, inputs=4, **arguments):
    exp = hxsnn.Experiment(mock=mock, dt=1e-6, **arguments)
    linear = hxsnn.Synapse(inputs, 5, exp, transform=lambda weight: (63 * weight).clamp(-63, 63))
    torch.nn.init.ones_(linear.weight)
    return exp, linear, hxsnn.LIF(5, exp, threshold=hxsnn.MixedHXModelParameter(1.0, 110), **NEURON)


def inputs(batch=3):
    return (torch.rand(40, batch, 4, generator=torch.Generator().manual_seed(0)) < 0.2).float()


def on_grid(events, shape, dt):
    grid = torch.zeros(shape)
    steps = (events.seconds / dt).round().long()
    inside = steps < shape[0]
    grid[steps[inside], events.batches[inside], events.neurons[inside]] = 1
    return grid


@settings(max_examples=30, deadline=None)
@given(dt=st.sampled_from([1e-6, 0.5e-6, 8e-9, 1.25e-6]), seed=st.integers(0, 99))
def test_events_of_a_grid_give_the_grid_back(dt, seed):
    torch.manual_seed(seed)
    spikes = (torch.rand(7, 2, 3) < 0.3).float()
    events = hxsnn.SpikeEvents.of_grid(spikes, dt)
    assert [part.dtype for part in events] == [torch.int64] * 3
    assert torch.equal(on_grid(events, spikes.shape, dt), spikes)
    order = np.lexsort((events.times, events.batches))
    assert np.array_equal(order, np.arange(len(order)))


def test_in_mock_mode_events_are_those_of_the_grid():
    exp, linear, lif = network(mock=True)
    z = lif(linear(hxsnn.NeuronHandle(inputs())))
    with pytest.raises(ExperimentError, match="no spikes"):
        _ = z.spike_events
    hxsnn.run(exp, None)
    assert z.spikes.sum() > 10
    assert set((z.spike_events.times % 125).tolist()) == {0}
    assert torch.equal(on_grid(z.spike_events, z.spikes.shape, 1e-6), z.spikes)


def test_on_a_chip_events_are_in_cycles_and_the_grid_is_made_of_them(ideal_chip):
    exp, linear, lif = network(mock=False)
    z = lif(linear(hxsnn.NeuronHandle(inputs())))
    hxsnn.run(exp, 40)
    assert z.spikes.sum() > 10
    assert len(set((z.spike_events.times % 125).tolist())) > 5
    assert int(z.spike_events.times.max()) < 40 * 125
    assert torch.equal(on_grid(z.spike_events, z.spikes.shape, 1e-6), z.spikes)


def test_populations_of_a_recurrent_layer_show_their_own(ideal_chip):
    exp, linear, lif = network(mock=False)
    loop = hxsnn.Synapse(5, 5, exp)
    torch.nn.init.zeros_(loop.weight)
    z = hxsnn.Recurrent(exp, lif, loop)(linear(hxsnn.NeuronHandle(inputs())))
    hxsnn.run(exp, 40)
    assert len(set((z.spike_events.times % 125).tolist())) > 5
    assert torch.equal(on_grid(z.spike_events, z.spikes.shape, 1e-6), z.spikes)


def test_inputs_that_came_back_are_events_too(ideal_chip):
    exp, linear, lif = network(mock=False, execution_instance=hxsnn.ExecutionInstance(input_loopback=True))
    x = hxsnn.InputNeuron(4, exp)(hxsnn.NeuronHandle(inputs()))
    lif(linear(x))
    hxsnn.run(exp, 40)
    assert torch.equal(on_grid(x.spike_events, x.spikes.shape, 1e-6), inputs())


def test_events_go_with_copies_and_are_no_field():
    exp, linear, lif = network(mock=True)
    z = lif(linear(hxsnn.NeuronHandle(inputs())))
    hxsnn.run(exp, None)
    wanted = z.spike_events
    other = hxsnn.NeuronHandle()
    other.put(z)
    for one in (copy.copy(z), copy.deepcopy(z), pickle.loads(pickle.dumps(copy.deepcopy(z))), other):  # noqa: S301
        assert all(map(torch.equal, one.spike_events, wanted))
    assert sorted(z.data) == sorted(hxsnn.NeuronHandle().data)
    z.clear()
    with pytest.raises(ExperimentError, match="no spikes"):
        _ = z.spike_events


def test_without_a_step_it_says_what_to_write():
    with pytest.raises(ExperimentError, match="of_grid"):
        _ = hxsnn.NeuronHandle(inputs()).spike_events
    with pytest.raises(ExperimentError, match="no spikes"):
        _ = hxsnn.ReadoutNeuronHandle(inputs()).spike_events
    with pytest.raises(TensorShapeError):
        hxsnn.SpikeEvents.of_grid(torch.zeros(4, 2), 1e-6)
