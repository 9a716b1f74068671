"""Extraction and resampling against plain loops over the samples."""

import types

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hxtorch.core import (
    CYCLE,
    CADCSamples,
    ChipConfiguration,
    ExecutionInfo,
    ExternalPopulation,
    LabelEvents,
    MADCSamples,
    NetworkBuilder,
    NetworkInputs,
    Population,
    ProgramError,
    RecordingError,
    SpikeEvents,
    SpikingResult,
    build_network_graph,
    build_routing,
    extract_cadc,
    extract_madc,
    extract_spikes,
    open_session,
    run,
)
from hxtorch.core.runs.observables import grid_points, to_user_units

INFO = ExecutionInfo("none", "none", "ideal", 0, 0.0, 0.0)
RUNTIME = 4750  # cycles, 38 us


@pytest.fixture(scope="module")
def network():
    """An external population, one across both hemispheres and one that only reads out."""
    builder = NetworkBuilder()
    inputs = builder.add(ExternalPopulation(5, record_spikes=True))
    both = builder.add(Population(np.array([7, 300, 2, 511, 100]), record_cadc=True))
    other = builder.add(Population(np.arange(20, 30), record_spikes=False, record_cadc=True, madc_index=3))
    done = builder.done()
    graph = build_network_graph(done, build_routing(done))
    return types.SimpleNamespace(graph=graph, inputs=inputs, both=both, other=other)


def make_result(network, seed, batch=3):
    graph = network.graph
    rng = np.random.default_rng(seed)

    def events(choices):
        counts = rng.integers(0, 30, batch)
        times = [np.sort(rng.integers(0, RUNTIME, count)) for count in counts]
        return np.concatenate(times), rng.choice(choices, counts.sum()), np.r_[0, np.cumsum(counts)]

    cadc = []
    for hemisphere in (0, 1):
        neurons = graph.recording.cadc_neurons
        neurons = neurons[neurons // 256 == hemisphere]
        counts = rng.integers(1, 25, batch)
        times = np.concatenate([np.sort(rng.choice(RUNTIME, count, replace=False)) for count in counts])
        values = rng.integers(0, 256, (counts.sum(), len(neurons)), dtype=np.uint8)
        cadc.append(CADCSamples(times, values, neurons, np.r_[0, np.cumsum(counts)]))
    madc = MADCSamples(np.arange(0, 30, 4), np.arange(8, dtype=np.uint16), 23, np.array([0, 4, 8, 8]))
    labels = LabelEvents(*events(graph.external_labels(network.inputs)))
    return SpikingResult(SpikeEvents(*events([7, 300, 2, 511, 100, 25])), labels, tuple(cadc), madc, INFO)


@given(st.integers(0, 2**32), st.sampled_from([1e-6, 0.3e-6, 2e-6]))
def test_dense_spikes_are_the_rounded_times(network, seed, dt):
    graph, cycles = network.graph, {1e-6: 125, 0.3e-6: 37.5, 2e-6: 250}[dt]
    result = make_result(network, seed)
    handles = extract_spikes(result, graph, RUNTIME)
    assert set(handles) == {network.inputs, network.both}
    neurons, labels = graph.network.populations[network.both].neurons, graph.external_labels(network.inputs)
    for descriptor, events, who, known in (
        (network.both, result.spikes, result.spikes.neurons, neurons.tolist()),
        (network.inputs, result.loopback, result.loopback.labels, labels.tolist()),
    ):
        wanted = np.zeros((grid_points(38e-6, dt), 3, 5), np.float32)
        for batch in range(3):
            for k in range(events.batch_offsets[batch], events.batch_offsets[batch + 1]):
                if who[k] in known:
                    wanted[round(events.times[k] / cycles), batch, known.index(who[k])] = 1
        np.testing.assert_array_equal(handles[descriptor].to_dense(38e-6, dt), wanted)


@given(st.integers(0, 2**32), st.sampled_from([1e-6, 0.3e-6, 5e-6]))
def test_linear_cadc_traces_are_those_of_numpy(network, seed, dt):
    graph = network.graph
    result = make_result(network, seed)
    for descriptor, handle in extract_cadc(result, graph, RUNTIME).items():
        dense = handle.to_dense(38e-6, dt)
        grid = np.arange(len(dense)) * dt
        assert dense.dtype == np.float32
        for index, neuron in enumerate(graph.network.populations[descriptor].neurons):
            samples = next(s for s in result.cadc if neuron in s.neurons)
            column = samples.neurons.tolist().index(neuron)
            for batch in range(3):
                mine = slice(*samples.batch_offsets[batch : batch + 2])
                raw = samples.values[mine, column].astype(np.float64)
                wanted = np.interp(grid, samples.times[mine] * CYCLE, raw - 128)
                np.testing.assert_allclose(dense[:, batch, index], wanted, atol=1e-4)


@given(st.integers(0, 2**32))
def test_nearest_cadc_traces_take_the_nearest_sample(network, seed):
    graph = network.graph
    result = make_result(network, seed)
    dense = extract_cadc(result, graph, RUNTIME)[network.other].to_dense(38e-6, 1e-6, mode="nearest")
    samples = result.cadc[0]
    columns = [samples.neurons.tolist().index(neuron) for neuron in range(20, 30)]
    for batch in range(3):
        mine = slice(*samples.batch_offsets[batch : batch + 2])
        times, raw = samples.times[mine], samples.values[mine][:, columns].astype(np.float32)
        for step in range(len(dense)):
            distance = abs(times - step * 125)
            nearest = len(times) - 1 - distance[::-1].argmin()  # the later of two
            np.testing.assert_array_equal(dense[step, batch], raw[nearest] - 128)


def test_entries_give_what_was_recorded(network):
    graph = network.graph
    result = make_result(network, 0)
    handle = extract_cadc(result, graph, RUNTIME)[network.both]
    neurons = graph.network.populations[network.both].neurons
    seen = []
    for (times, values, indices), samples in zip(handle.entry(1), result.cadc, strict=True):
        mine = slice(*samples.batch_offsets[1:3])
        columns = [samples.neurons.tolist().index(neuron) for neuron in neurons[indices]]
        np.testing.assert_array_equal(times, samples.times[mine])
        np.testing.assert_array_equal(values, samples.values[mine][:, columns].astype(int) - 128)
        seen += indices.tolist()
    assert sorted(seen) == list(range(5))


def test_madc_samples_belong_to_the_population_of_their_neuron(network):
    graph = network.graph
    handles = extract_madc(make_result(network, 0), graph, RUNTIME)
    assert list(handles) == [network.other]
    handle = handles[network.other]
    assert handle.index == 3
    times, values = handle.entry(1)
    np.testing.assert_allclose(times, np.array([16, 20, 24, 28]) * CYCLE)
    assert values.tolist() == [4, 5, 6, 7]
    assert len(handle.entry(2)[0]) == 0


def test_later_spikes_are_left_out(network):
    graph = network.graph
    result = make_result(network, 1)
    times = extract_spikes(result, graph, 1000)[network.both].times
    assert len(times)
    assert times.max() < 1000


def test_user_units_are_raw_minus_128():
    raw = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(to_user_units(raw), raw.astype(int) - 128)


@pytest.mark.parametrize(("runtime", "dt", "points"), [(38e-6, 1e-6, 39), (50e-6, 1e-6, 51), (1e-6, 0.3e-6, 5)])
def test_a_grid_covers_the_run(runtime, dt, points):
    assert grid_points(runtime, dt) == points


@given(st.integers(1, 10**6), st.sampled_from([1e-6, 1e-7, 5e-7, 2e-6]))
def test_a_grid_of_whole_steps_has_no_extra_point(steps, dt):
    assert grid_points(steps * dt, dt) == steps + 1


@pytest.mark.parametrize(("runtime", "dt"), [(0, 1e-6), (1e-6, 0), (np.nan, 1e-6), (-1, 1e-6)])
def test_a_grid_needs_positive_times(runtime, dt):
    with pytest.raises(ValueError, match="positive"):
        grid_points(runtime, dt)


def test_a_run_without_samples_says_so(network):
    graph = network.graph
    result = make_result(network, 0)
    samples = result.cadc[0]
    empty = CADCSamples(samples.times[:0], samples.values[:0], samples.neurons, np.zeros(4, int))
    result = SpikingResult(result.spikes, result.loopback, (empty, result.cadc[1]), None, INFO)
    with pytest.raises(RecordingError, match=r"batch entry 0.*at least 2 us"):
        extract_cadc(result, graph, RUNTIME)[network.other].to_dense(1e-6, 1e-6)


def test_unknown_interpolation_is_refused(network):
    graph = network.graph
    handle = extract_cadc(make_result(network, 0), graph, RUNTIME)[network.other]
    with pytest.raises(ProgramError, match="'linear' or 'nearest'"):
        handle.to_dense(38e-6, 1e-6, mode="cubic")


def test_what_one_result_gives_out_changes_no_other():
    builder = NetworkBuilder()
    layer = builder.add(Population(np.arange(3), name="layer", record_cadc=True))
    network = builder.done()
    graph = build_network_graph(network, build_routing(network))
    with open_session(fidelity="ideal"):
        first = run(ChipConfiguration(), graph, NetworkInputs(600, 1, {}))
    for array in (extract_cadc(first, graph, 600)[layer].indices[0], first.cadc[0].neurons):
        with pytest.raises(ValueError, match="read-only"):
            array[:] = [2, 1, 0]
