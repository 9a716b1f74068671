import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hxtorch.core import (
    CYCLE,
    ExternalPopulation,
    NetworkBuilder,
    NetworkInputs,
    Population,
    PopulationDescriptor,
    ProgramError,
    SpikeTrains,
    build_network_graph,
    build_routing,
    encode,
    tensor_to_spike_times,
)


def graph_with(*sizes):
    builder = NetworkBuilder()
    descriptors = [builder.add(ExternalPopulation(size, name=f"input {k}")) for k, size in enumerate(sizes)]
    builder.add(Population(np.arange(3), name="layer"))
    network = builder.done()
    return build_network_graph(network, build_routing(network)), descriptors


def decode(graph, descriptors, events):
    """Return {(population, time, source, batch)} as a sorted list."""
    found = []
    for batch in range(events.batch_size):
        for event in range(events.batch_offsets[batch], events.batch_offsets[batch + 1]):
            for descriptor in descriptors:
                sources = np.flatnonzero(graph.external_labels(descriptor) == events.labels[event])
                found += [(descriptor.value, int(events.times[event]), int(source), batch) for source in sources]
    return sorted(found)


@given(st.data())
def test_encoding_loses_and_adds_nothing(data):
    sizes = data.draw(st.lists(st.integers(1, 30), min_size=1, max_size=3))
    batch_size, runtime = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 10000))
    graph, descriptors = graph_with(*sizes)
    wanted, trains = [], {}
    for size, descriptor in zip(sizes, descriptors, strict=True):
        one_spike = st.tuples(st.integers(0, runtime - 1), st.integers(0, size - 1), st.integers(0, batch_size - 1))
        spikes = data.draw(st.lists(one_spike, max_size=20))
        trains[descriptor] = SpikeTrains(*np.array(spikes, np.int64).reshape(-1, 3).T)
        wanted += [(descriptor.value, *spike) for spike in spikes]
    events = encode(graph, NetworkInputs(runtime, batch_size, trains))
    assert events.batch_size == batch_size
    assert decode(graph, descriptors, events) == sorted(wanted)


@pytest.mark.parametrize("second", [False, True])
@pytest.mark.parametrize("limits", [(100, 7), (90, 6), (101, 7), (100, 8)])
def test_spikes_known_to_be_in_order_give_the_events_of_any(limits, second):
    graph, descriptors = graph_with(7, 2)
    batches, times = np.array([0, 0, 2]), np.array([3, 89, 4])
    indices, offsets = np.array([5, 0, 2]), np.array([0, 2, 2, 3])
    known = SpikeTrains.sorted_within(*limits, times, indices, batches, offsets)
    others = {descriptors[1]: SpikeTrains([1], [1], [2])} if second else {}
    found, wanted = (
        encode(graph, NetworkInputs(100, 3, {descriptors[0]: trains, **others}))
        for trains in (known, SpikeTrains(times, indices, batches))
    )
    for name in ("times", "labels", "batch_offsets"):
        assert np.array_equal(getattr(found, name), getattr(wanted, name))


def test_spikes_known_to_be_in_order_are_looked_at_where_a_run_is_smaller():
    graph, (inputs,) = graph_with(4)
    arrays = np.array([9]), np.array([3]), np.array([1]), np.array([0, 0, 1])
    for runtime, size, batch_size in ((9, 4, 2), (10, 4, 1)):
        trains = SpikeTrains.sorted_within(10, size, *arrays)
        with pytest.raises(ProgramError, match="got a spike of source 3 in batch entry 1 at cycle 9"):
            encode(graph, NetworkInputs(runtime, batch_size, {inputs: trains}))
    graph, (inputs,) = graph_with(3)
    with pytest.raises(ProgramError, match="wanted a source in"):
        encode(graph, NetworkInputs(10, 2, {inputs: SpikeTrains.sorted_within(10, 4, *arrays)}))


@given(st.integers(1, 20), st.integers(1, 4), st.integers(1, 6), st.integers(0, 2**32))
def test_a_grid_gives_its_spikes_at_multiples_of_dt(steps, batch, size, seed):
    grid = np.random.default_rng(seed).random((steps, batch, size)) < 0.3
    trains = SpikeTrains.from_dense(grid.astype(np.float32), dt=1e-6)
    back = np.zeros(grid.shape, bool)
    back[trains.times // 125, trains.batches, trains.indices] = True
    np.testing.assert_array_equal(back, grid)
    assert (trains.times % 125 == 0).all()


@given(st.integers(1, 5), st.integers(1, 4), st.integers(1, 6), st.integers(0, 2**32))
def test_spike_times_are_kept_to_half_a_cycle(batch, size, spikes, seed):
    rng = np.random.default_rng(seed)
    times = rng.uniform(0, 50, (batch, size, spikes))
    times[rng.random(times.shape) < 0.3] = np.inf
    trains = SpikeTrains.from_times(times, dt=1e-6)
    wanted = sorted((b, s, t) for b, s, k in np.argwhere(np.isfinite(times)) for t in [times[b, s, k] * 1e-6])
    got = sorted(zip(trains.batches, trains.indices, trains.times * CYCLE, strict=True))
    assert len(got) == len(wanted)
    np.testing.assert_allclose([g[2] for g in got], [w[2] for w in wanted], atol=CYCLE / 2 * 1.001)


def test_spikes_of_a_grid_are_listed_by_batch_entry_and_neuron_in_seconds():
    """The grid is (time, batch, neuron), and any value that is not 0 is a spike."""
    grid = np.zeros((10, 2, 3), np.float32)
    grid[3, 0, 0], grid[7, 0, 0], grid[7, 1, 2] = 1.0, -1.0, 0.25
    listed = tensor_to_spike_times(grid, 1e-6)
    assert [[len(times) for times in entry] for entry in listed] == [[2, 0, 0], [0, 0, 1]]
    assert listed[0][0] == pytest.approx([3e-6, 7e-6])
    assert listed[1][2] == pytest.approx([7e-6])
    assert tensor_to_spike_times(grid.astype(bool), 2e-6)[1][2] == pytest.approx([14e-6])


@given(st.integers(1, 30), st.integers(1, 4), st.integers(1, 6), st.integers(0, 2**32))
def test_listed_spikes_are_those_of_a_run(steps, batch, size, seed):
    grid = np.random.default_rng(seed).random((steps, batch, size)) < 0.2
    listed = tensor_to_spike_times(grid, 1e-6)
    trains = SpikeTrains.from_dense(grid, 1e-6)
    run = sorted(zip(trains.batches.tolist(), trains.indices.tolist(), trains.times.tolist(), strict=True))
    assert run == [(b, n, round(t / CYCLE)) for b in range(batch) for n in range(size) for t in listed[b][n]]


def test_populations_without_spikes_are_silent():
    graph, _ = graph_with(3)
    events = encode(graph, NetworkInputs(100, batch_size=4))
    assert events.batch_size == 4
    assert len(events.times) == 0


@pytest.mark.parametrize(
    ("spike", "message"),
    [
        (
            (1000, 0, 0),
            r"source 0 in batch entry 0 at cycle 1000 \(8.000 us\), wanted a time in \[0, 1000\); run longer",
        ),
        ((-1, 0, 0), "wanted a time"),
        ((5, 3, 0), r"source 3 .*wanted a source in \[0, 3\)"),
        ((5, 0, 2), r"batch entry 2.*wanted a batch entry in \[0, 2\)"),
    ],
)
def test_spikes_outside_the_run_are_refused(spike, message):
    graph, (descriptor,) = graph_with(3)
    trains = SpikeTrains(*np.array([(0, 0, 0), spike]).T)
    with pytest.raises(ProgramError, match=f"'input 0'.*{message}"):
        encode(graph, NetworkInputs(1000, 2, {descriptor: trains}))


@pytest.mark.parametrize("value", [PopulationDescriptor(1), PopulationDescriptor(7)])
def test_only_external_populations_take_spikes(value):
    graph, _ = graph_with(3)
    with pytest.raises(ProgramError, match="no external population"):
        encode(graph, NetworkInputs(10, 1, {value: SpikeTrains(*np.zeros((3, 1), int))}))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SpikeTrains(np.zeros(2), np.zeros(2, int), np.zeros(2, int)), "times.*integers"),
        (lambda: SpikeTrains(np.zeros(2, int), np.zeros(3, int), np.zeros(2, int)), "different lengths"),
        (lambda: SpikeTrains.from_dense(np.zeros((2, 2)), 1e-6), r"\(time, batch, source\)"),
        (lambda: SpikeTrains.from_dense(np.full((1, 1, 1), np.nan), 1e-6), "NaN"),
        (lambda: SpikeTrains.from_dense(np.ones((1, 1, 1)), 0.0), "dt"),
        (lambda: SpikeTrains.from_dense(np.ones((1, 1, 1)), np.nan), "dt"),
        (lambda: tensor_to_spike_times(np.zeros((5, 3)), 1e-6), r"\(time, batch, source\)"),
        (lambda: tensor_to_spike_times(np.full((1, 1, 1), np.nan), 1e-6), "NaN"),
        (lambda: tensor_to_spike_times(np.ones((1, 1, 1)), -1e-6), "dt"),
        (lambda: SpikeTrains.from_times(np.zeros(3)), r"\(batch, source, spikes\)"),
        (lambda: SpikeTrains.from_times(np.full((1, 1, 1), np.nan)), "NaN"),
        (lambda: SpikeTrains.from_times(np.full((1, 1, 1), -1.0)), "wanted 0 to"),
        (lambda: SpikeTrains.from_times(np.full((1, 1, 1), 1e30)), "wanted 0 to"),
    ],
)
def test_illegal_spikes_are_refused(make, message):
    with pytest.raises(ProgramError, match=message):
        make()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda trains: pickle.loads(pickle.dumps(trains))])  # noqa: S301
def test_copies_of_spikes_that_were_made_in_order_are_looked_at_again(copied):
    graph, (descriptor,) = graph_with(4)
    made = SpikeTrains.sorted_within(100, 4, np.array([3, 9]), np.array([0, 1]), np.array([0, 0]), np.array([0, 2]))
    other = copied(made)
    other.times[:] = [9, 3]
    assert encode(graph, NetworkInputs(100, 1, {descriptor: other})).times.tolist() == [3, 9]
    other.indices[:] = [0, -1]
    with pytest.raises(ProgramError, match="source"):
        encode(graph, NetworkInputs(100, 1, {descriptor: other}))
    mine = np.array([3, 9])
    SpikeTrains.sorted_within(100, 4, mine, np.array([0, 1]), np.array([0, 0]), np.array([0, 2]))
    mine[:] = 1  # still the caller's
