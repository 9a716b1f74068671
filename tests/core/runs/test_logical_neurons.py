"""Neurons of several circuits: joined by switches, fed through all of their columns, firing through one of them."""

import networkx
import numpy as np
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from hxtorch.core import (
    ChipConfiguration,
    ExternalPopulation,
    LogicalNeuronCompartments,
    NetworkBuilder,
    NeuronPlacement,
    PlacementError,
    Population,
    Projection,
    RoutingError,
    build_network_graph,
    build_routing,
    fit_report,
    update_network_graph,
)

TOWER = LogicalNeuronCompartments({0: [0, 128]})


def joined(config: ChipConfiguration) -> list[set[int]]:
    """Circuits whose membranes the switches connect (chip facts 1.2); "line n" is a segment of the somatic line."""
    graph = networkx.Graph()
    graph.add_nodes_from(range(512))
    for n in range(512):
        inside = n % 128 != 127
        if config.connect_right[n]:
            assert inside
            graph.add_edge(n, n + 1)
        if config.connect_vertical[n]:
            graph.add_edge(n, (n + 256) % 512)
        if config.connect_soma[n]:
            graph.add_edge(n, f"line {n}")
        if config.connect_soma_right[n]:
            assert inside
            graph.add_edge(f"line {n}", f"line {n + 1}")
    return [{n for n in part if isinstance(n, int)} for part in networkx.connected_components(graph)]


def graph_of(*populations: Population):
    builder = NetworkBuilder()
    for population in populations:
        builder.add(population)
    network = builder.done()
    return build_network_graph(network, build_routing(network))


def signed_weights(graph, source: int) -> np.ndarray:
    """Weight that an event of the first population's ``source`` has on each circuit, walked through the registers."""
    config = graph.configure(ChipConfiguration())
    descriptor, population = next(iter(graph.network.populations.items()))
    if isinstance(population, Population):
        neuron = int(population.neurons[source])
        entry = neuron % 256 // 32
        label = entry << 8 | int(config.event_address[neuron])
    else:
        label = int(graph.external_labels(descriptor)[source])
        entry = 8 + (label >> 14)
    total = np.zeros((2, 256), np.int64)
    for h in (0, 1):
        for bus in range(4):
            node = entry, 4 * h + bus
            if label & 0x3FFF & int(config.crossbar_mask[node]) != int(config.crossbar_target[node]):
                continue
            for position in range(32):
                driver = 4 * position + bus
                if (position ^ label >> 6) & int(config.row_select_mask[h, driver]):
                    continue
                for row, sign in ((2 * driver, -1), (2 * driver + 1, 1)):
                    hit = config.label[h, row] == label & 63
                    total[h] += sign * np.where(hit, config.weight[h, row].astype(int), 0)
    return total.reshape(512)


@st.composite
def shapes(draw):
    """Circuits of one neuron, relative to an anchor: any set of few columns in both rows."""
    columns = draw(st.integers(1, 6))
    places = [128 * row + column for row in (0, 1) for column in range(columns)]
    chosen = draw(st.lists(st.sampled_from(places), min_size=1, max_size=8, unique=True))
    return LogicalNeuronCompartments({0: chosen})


@given(shapes(), st.integers(1, 12), st.integers(0, 2**32))
def test_switches_join_the_circuits_of_each_neuron_and_no_others(shape, count, seed):
    placement = NeuronPlacement(np.random.default_rng(seed).permutation(512).tolist())
    placement.register_id(range(count), shape)
    circuits = placement.circuits_of(range(count))
    try:
        population = Population(circuits[:, 0], circuits=circuits)
        graph = graph_of(population)
    except PlacementError:
        reject()  # which ones is said below
    config = graph.configure(ChipConfiguration(enable_threshold=True))
    parts = joined(config)
    for neuron in circuits:
        assert set(neuron.tolist()) in parts
    assert sum(len(part) > 1 for part in parts) == (count if circuits.shape[1] > 1 else 0)
    silent = np.zeros(512, bool)
    silent[circuits[:, 1:]] = True
    np.testing.assert_array_equal(config.enable_threshold, ~silent)
    assert not config.enable_spike_output[silent].any()


@given(st.integers(1, 3), st.integers(1, 40), st.integers(0, 2**32))
def test_inputs_spread_over_the_circuits_of_a_neuron(width, neurons, seed):
    rng = np.random.default_rng(seed)
    inputs = int(rng.integers(1, 128 * width + 1))
    builder = NetworkBuilder()
    pre = builder.add(ExternalPopulation(inputs))
    circuits = np.arange(width * neurons).reshape(neurons, width)
    post = builder.add(Population(circuits[:, 0], circuits=circuits))
    weights = rng.integers(-63, 64, (inputs, neurons))
    builder.add(Projection(pre, post, weights))
    network = builder.done()
    graph = build_network_graph(network, build_routing(network))
    for source in rng.integers(0, inputs, 3):
        on_circuits = signed_weights(graph, int(source))
        np.testing.assert_array_equal(on_circuits[circuits].sum(1), weights[source])
        assert ((on_circuits[circuits] != 0).sum(1) <= 1).all()
    other = network.with_weights({next(iter(network.projections)): -weights})
    np.testing.assert_array_equal(signed_weights(update_network_graph(graph, other), 0)[circuits].sum(1), -weights[0])


def full_chip(rng: np.random.Generator):
    """256 signed inputs, 246 hidden neurons and 10 outputs of two circuits each: the whole chip."""
    placement = NeuronPlacement()
    placement.register_id(range(256), TOWER)
    circuits = placement.circuits_of(range(256))
    builder = NetworkBuilder()
    inputs = builder.add(ExternalPopulation(256, name="inputs"))
    hidden = builder.add(Population(circuits[:246, 0], circuits=circuits[:246], name="hidden"))
    outputs = builder.add(Population(circuits[246:, 0], circuits=circuits[246:], name="outputs", record_cadc=True))
    builder.add(Projection(inputs, hidden, rng.integers(-63, 64, (256, 246))))
    builder.add(Projection(hidden, outputs, rng.integers(-63, 64, (246, 10))))
    return builder.done(), circuits


def test_256_signed_inputs_on_246_hidden_neurons_and_10_outputs_fit():
    network, circuits = full_chip(np.random.default_rng(0))
    graph = build_network_graph(network, build_routing(network))
    first, _ = network.projections.values()
    for source in (0, 100, 255):
        on_neurons = signed_weights(graph, source)[circuits].sum(1)
        np.testing.assert_array_equal(on_neurons[:246], first.weights[source])
        assert not on_neurons[246:].any()
    report = fit_report(network)
    assert report.fits
    assert [str(usage) for usage in (*report.circuits, *report.drivers)] == ["256 of 256"] * 2 + ["128 of 128"] * 2
    assert dict(report.inputs)["hidden"].used == dict(report.inputs)["hidden"].available == 256


def test_512_neurons_with_recurrent_connections_fit():
    rng = np.random.default_rng(0)
    builder = NetworkBuilder()
    neurons = builder.add(Population(np.arange(512)))
    mask = rng.random((512, 512)) < 0.12
    weights = rng.integers(-63, 64, (512, 512)) * mask
    builder.add(Projection(neurons, neurons, weights, mask))
    network = builder.done()
    graph = build_network_graph(network, build_routing(network))
    for source in (0, 31, 200, 300, 511):
        np.testing.assert_array_equal(signed_weights(graph, source), weights[source])


@pytest.mark.parametrize(
    ("circuits", "message"),
    [
        ([[0, 1], [1, 2]], "used twice"),
        ([[0, 0]], "used twice"),
        ([[127, 128]], "0..127 or all in 128..255"),
        ([[0, 258]], "no switches join"),
        ([[0, 2], [1, 3]], "somatic line"),
        ([[0, 512]], "0 to 511"),
        ([[1, 0]], "first circuit"),
        ([0, 1], "circuits of a neuron"),
    ],
)
def test_circuits_that_make_no_neuron_are_refused(circuits, message):
    circuits = np.array(circuits)
    neurons = np.sort(circuits.reshape(len(circuits), -1), axis=1)[:, 0]
    with pytest.raises(PlacementError, match=message):
        Population(neurons, circuits=circuits, name="layer")


def test_two_populations_do_not_share_circuits_nor_a_line():
    pair = Population(np.array([0]), circuits=np.array([[0, 2]]), name="one")
    for circuits, message in (([[2, 3]], "both use neuron 2"), ([[1, 3]], "'one' and population 'two'.*somatic line")):
        builder = NetworkBuilder()
        builder.add(pair)
        with pytest.raises(PlacementError, match=message):
            builder.add(Population(np.array(circuits)[:, 0], circuits=np.array(circuits), name="two"))


def test_a_neuron_in_the_gap_of_another_is_left_alone():
    graph = graph_of(Population(np.array([0]), circuits=np.array([[0, 2]])), Population(np.array([1])))
    assert {0, 2} in joined(graph.configure(ChipConfiguration()))


def test_too_many_inputs_count_all_circuits():
    builder = NetworkBuilder()
    pre = builder.add(ExternalPopulation(257, name="inputs"))
    post = builder.add(Population(np.array([0]), circuits=np.array([[0, 256]]), name="layer"))
    builder.add(Projection(pre, post, np.ones((257, 1), int)))
    with pytest.raises(RoutingError, match=r"257 signed inputs.*at most 256.*in its 2 circuits; leave out 1 inputs"):
        build_routing(builder.done())
    report = fit_report(builder.done())
    assert str(report.remedy) == "population 'inputs' of size 256 instead of 257"
    assert build_routing(report.remedy.apply(builder.done()))


def test_placement_tells_circuits_of_neurons_of_one_compartment():
    placement = NeuronPlacement()
    placement.register_id([5, 6], TOWER)
    placement.register_id(7, LogicalNeuronCompartments({0: [0], 1: [1]}))
    assert placement.circuits_of([6, 5]).tolist() == [[1, 257], [0, 256]]
    with pytest.raises(PlacementError, match="one compartment"):
        placement.circuits_of([7])
    placement.register_id(8)
    with pytest.raises(PlacementError, match="as many circuits"):
        placement.circuits_of([5, 8])
