"""The routed registers do what the network says: every event is walked through crossbar, bus, driver and label."""

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from hxtorch.core import (
    ChipConfiguration,
    ExternalPopulation,
    Network,
    NetworkBuilder,
    Population,
    Projection,
    RoutingError,
    build_network_graph,
    build_routing,
)
from hxtorch.core.routing.groups import PORTFOLIO


def populated(crossbar_input: int, output: int) -> bool:
    """Whether the crossbar has this node (chip facts 1.3)."""
    if crossbar_input < 8:
        return output % 4 == crossbar_input % 4
    if crossbar_input < 12:
        return output < 8 or output == crossbar_input
    background = crossbar_input - 12
    return output in (background, 8 + background % 4)


def passes(config: ChipConfiguration, crossbar_input: int, output: int, label: int) -> bool:
    mask, target = (int(a[crossbar_input, output]) for a in (config.crossbar_mask, config.crossbar_target))
    return (label & 0x3FFF & mask) == target


def effect(config: ChipConfiguration, crossbar_input: int, label: int) -> np.ndarray:
    """Signed weight that one event has on each of the 512 neurons (chip facts 1.1, 1.3, 1.4)."""
    total = np.zeros((2, 256), np.int64)
    row_select, synapse_label = label >> 6 & 31, label & 63
    for hemisphere in (0, 1):
        for bus in range(4):
            if not passes(config, crossbar_input, 4 * hemisphere + bus, label):
                continue
            for position in range(32):
                driver = 4 * position + bus
                mask = int(config.row_select_mask[hemisphere, driver])
                if position & mask != row_select & mask:
                    continue
                for row in (2 * driver, 2 * driver + 1):
                    sign = {0: 0, 1: 1, 2: -1, 3: 0}[int(config.row_mode[hemisphere, row])]
                    hit = config.label[hemisphere, row] == synapse_label
                    total[hemisphere] += sign * np.where(hit, config.weight[hemisphere, row].astype(np.int64), 0)
    return total.reshape(512)


def asked(network: Network) -> dict:
    """Signed weights from each source of each population to the 512 neurons."""
    matrices = {d: np.zeros((p.size, 512), np.int64) for d, p in network.populations.items()}
    for projection in network.projections.values():
        columns = network.populations[projection.post].neurons
        matrices[projection.pre][:, columns] += projection.weights
    return matrices


def found(graph, config: ChipConfiguration) -> dict:
    matrices = {}
    for descriptor, population in graph.network.populations.items():
        rows = np.zeros((population.size, 512), np.int64)
        for index in range(population.size):
            if isinstance(population, Population):
                neuron = int(population.neurons[index])
                if config.enable_spike_output[neuron]:
                    output = neuron % 256 // 32
                    rows[index] = effect(config, output, output << 8 | int(config.event_address[neuron]))
            else:
                label = int(graph.external_labels(descriptor)[index])
                rows[index] = effect(config, 8 + (label >> 14), label)
        matrices[descriptor] = rows
    return matrices


def routed(network: Network):
    graph = build_network_graph(network, build_routing(network))
    return graph, graph.configure(ChipConfiguration())


def assert_connected_as_asked(network: Network) -> None:
    graph, config = routed(network)
    wanted, got = asked(network), found(graph, config)
    for descriptor in wanted:
        np.testing.assert_array_equal(got[descriptor], wanted[descriptor])


def dense(rng: np.random.Generator, pre: int, post: int) -> np.ndarray:
    return rng.integers(-63, 64, (pre, post))


@st.composite
def networks(draw) -> Network:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    builder = NetworkBuilder()
    circuits = rng.permutation(512) if draw(st.booleans()) else np.arange(512)
    sizes = draw(st.lists(st.integers(1, 40), min_size=1, max_size=3))
    external = [
        builder.add(ExternalPopulation(size, record_spikes=draw(st.booleans()), name=f"input {k}"))
        for k, size in enumerate(draw(st.lists(st.integers(1, 40), max_size=3)))
    ]
    on_chip = []
    for k, size in enumerate(sizes):
        neurons, circuits = circuits[:size], circuits[size:]
        on_chip.append(builder.add(Population(neurons, record_spikes=draw(st.booleans()), name=f"layer {k}")))
    all_sizes = {d: p.size for d, p in builder.done().populations.items()}
    for k in range(draw(st.integers(0, 5))):
        pre, post = draw(st.sampled_from(external + on_chip)), draw(st.sampled_from(on_chip))
        shape = (all_sizes[pre], all_sizes[post])
        mask = rng.random(shape) < draw(st.sampled_from([0.1, 0.5])) if draw(st.booleans()) else None
        weights = dense(rng, *shape) if mask is None else dense(rng, *shape) * mask
        builder.add(Projection(pre, post, weights, mask, name=f"projection {k}"))
    return builder.done()


@given(networks())
def test_every_source_reaches_exactly_the_neurons_it_should(network):
    try:
        build_routing(network)
    except RoutingError:
        reject()  # what must fit is said by the tests below
    assert_connected_as_asked(network)


@given(networks())
def test_only_nodes_that_the_crossbar_has_are_open(network):
    try:
        _, config = routed(network)
    except RoutingError:
        reject()
    drop_all = (config.crossbar_mask == 0) & (config.crossbar_target == 0x3FFF)
    for node in np.argwhere(~drop_all):
        assert populated(*node)


@given(networks())
def test_recorded_spikes_and_only_recorded_inputs_reach_the_link(network):
    try:
        graph, config = routed(network)
    except RoutingError:
        reject()
    senders = set()
    for descriptor, population in network.populations.items():
        for index in range(population.size):
            if isinstance(population, Population):
                neuron = int(population.neurons[index])
                source = neuron % 256 // 32
                label = source << 8 | int(config.event_address[neuron])
                if config.enable_spike_output[neuron]:
                    assert (source, label) not in senders
                    senders.add((source, label))
                elif not population.record_spikes:
                    continue
            else:
                label = int(graph.external_labels(descriptor)[index])
                source = 8 + (label >> 14)
            arrives = passes(config, source, 8 + source % 4, label)
            if population.record_spikes or not isinstance(population, Population):
                assert arrives == population.record_spikes


@given(st.integers(1, 128), st.integers(1, 60), st.integers(0, 2**32))
def test_up_to_128_inputs_fit_densely(inputs, neurons, seed):
    rng = np.random.default_rng(seed)
    builder = NetworkBuilder()
    pre = builder.add(ExternalPopulation(inputs))
    post = builder.add(Population(rng.permutation(512)[:neurons]))
    builder.add(Projection(pre, post, dense(rng, inputs, neurons)))
    graph, config = routed(builder.done())
    some = rng.integers(0, inputs, 3)
    labels = graph.external_labels(pre)
    assert len(set(labels.tolist())) == inputs
    for index in some:
        label = int(labels[index])
        np.testing.assert_array_equal(effect(config, 8 + (label >> 14), label), asked(graph.network)[pre][index])


def yinyang(rng: np.random.Generator, inputs: int = 25, hidden: int = 120, outputs: int = 3) -> Network:
    builder = NetworkBuilder()
    pre = builder.add(ExternalPopulation(inputs, name="inputs"))
    middle = builder.add(Population(np.arange(hidden), name="hidden"))
    post = builder.add(Population(np.arange(hidden, hidden + outputs), record_spikes=False, name="readout"))
    builder.add(Projection(pre, middle, dense(rng, inputs, hidden), name="first"))
    builder.add(Projection(middle, post, dense(rng, hidden, outputs), name="second"))
    return builder.done()


def test_the_yinyang_network_fits():
    assert_connected_as_asked(yinyang(np.random.default_rng(0)))


def test_a_hidden_layer_of_128_with_recurrence_fits():
    rng = np.random.default_rng(0)
    builder = NetworkBuilder()
    inputs = builder.add(ExternalPopulation(40))
    # 64 recurrent neurons give 16 inputs on each bus, 64 rows in all; 40 external ones and the readout beside them
    hidden = builder.add(Population(np.arange(0, 128, 2)))
    readout = builder.add(Population(np.arange(128, 138)))
    builder.add(Projection(inputs, hidden, dense(rng, 40, 64)))
    builder.add(Projection(hidden, hidden, dense(rng, 64, 64)))
    builder.add(Projection(hidden, readout, dense(rng, 64, 10)))
    builder.add(Projection(inputs, readout, dense(rng, 40, 10)))
    assert_connected_as_asked(builder.done())


def test_inputs_and_neurons_share_rows_where_their_targets_differ():
    rng = np.random.default_rng(0)
    builder = NetworkBuilder()
    inputs = builder.add(ExternalPopulation(128))
    hidden = builder.add(Population(np.arange(128)))
    readout = builder.add(Population(np.arange(128, 256)))
    builder.add(Projection(inputs, hidden, dense(rng, 128, 128)))
    builder.add(Projection(hidden, readout, dense(rng, 128, 128)))
    network = builder.done()
    assert_connected_as_asked(network)
    routing = build_routing(network)
    drivers = [(routing.places[0, :, columns] > 0).any(0) for columns in (slice(0, 128), slice(128, 256))]
    assert drivers[0].all()
    assert drivers[1].all()


def test_a_sparse_projection_of_256_inputs_on_all_neurons_fits():
    rng = np.random.default_rng(0)
    mask = rng.random((256, 512)) < 0.1
    builder = NetworkBuilder()
    inputs = builder.add(ExternalPopulation(256))
    neurons = builder.add(Population(np.arange(512), record_spikes=False))
    builder.add(Projection(inputs, neurons, dense(rng, 256, 512) * mask, mask))
    assert_connected_as_asked(builder.done())


def test_routing_is_a_function_of_the_network():
    routings = [build_routing(yinyang(np.random.default_rng(0))) for _ in range(2)]
    np.testing.assert_array_equal(routings[0].places, routings[1].places)
    np.testing.assert_array_equal(routings[0].synapse_labels, routings[1].synapse_labels)


def test_labels_do_not_depend_on_weights():
    routings = [build_routing(yinyang(np.random.default_rng(seed))) for seed in (0, 1)]
    np.testing.assert_array_equal(routings[0].places, routings[1].places)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((129, 10, 3), "'hidden'.*129 signed inputs.*129 from 'inputs'.*at most 128.*leave out 1 inputs"),
        ((25, 130, 3), "'readout'.*130 signed inputs.*130 from 'hidden'.*leave out 2 inputs or give it 2 circuits$"),
        ((300, 200, 3), "give it 3 circuits: 128 such neurons fit on a chip, so cut the layer of 200 into 2 or more"),
    ],
)
def test_too_many_inputs_name_the_layer_and_what_fits(sizes, message):
    with pytest.raises(RoutingError, match=message):
        build_routing(yinyang(np.random.default_rng(0), *sizes))


def test_too_many_neurons_on_one_bus_name_the_columns():
    builder = NetworkBuilder()
    crowded = builder.add(Population(np.r_[0:32, 256:257], name="crowded"))
    target = builder.add(Population(np.arange(100, 102), name="target"))
    builder.add(Projection(crowded, target, np.zeros((33, 2), int)))
    with pytest.raises(RoutingError, match=r"'target'.*33 inputs.*columns 0\.\.31, 128\.\.159.*'crowded'.*at most 32"):
        build_routing(builder.done())


@pytest.mark.parametrize(("router", "labels"), list(zip(PORTFOLIO, (1024, 512, 256, 2048, 8192), strict=True)))
def test_too_many_sources_for_the_labels_name_the_population(router, labels):
    builder = NetworkBuilder()
    builder.add(ExternalPopulation(labels, name="fits"))
    build_routing(builder.done(), [router])
    builder.add(ExternalPopulation(1, name="one more"))
    message = f"'one more': no label is left for source 0: .* tells {labels // 4} sources"
    with pytest.raises(RoutingError, match=message):
        build_routing(builder.done(), [router])
    if labels == 8192:
        with pytest.raises(RoutingError, match="no label is left"):
            build_routing(builder.done())
    else:
        build_routing(builder.done())


@pytest.mark.parametrize(("router", "drivers"), list(zip(PORTFOLIO, (8, 16, 32, 4, 1), strict=True)))
def test_too_many_parallel_synapses_name_the_projection(router, drivers):
    builder = NetworkBuilder()
    source = builder.add(ExternalPopulation(1, name="source"))
    target = builder.add(Population(np.arange(1), name="target"))
    for k in range(drivers):
        builder.add(Projection(source, target, np.ones((1, 1), int), name=f"p{k}"))
    build_routing(builder.done(), [router])
    builder.add(Projection(source, target, np.ones((1, 1), int), name=f"p{drivers}"))
    with pytest.raises(RoutingError, match=rf"'source'.*'p{drivers}' to 'target'"):
        build_routing(builder.done(), [router])


@pytest.mark.parametrize("router", PORTFOLIO, ids=lambda router: router.name)
@given(network=networks())
@settings(max_examples=12)
def test_every_router_connects_as_asked(router, network):
    try:
        graph = build_network_graph(network, build_routing(network, [router]))
    except RoutingError:
        reject()
    assert graph.routing.router == router.name
    wanted, got = asked(network), found(graph, graph.configure(ChipConfiguration()))
    for descriptor in wanted:
        np.testing.assert_array_equal(got[descriptor], wanted[descriptor])


def test_the_first_router_that_finds_a_way_wins():
    network = yinyang(np.random.default_rng(0))
    assert build_routing(network).router == PORTFOLIO[0].name
    assert build_routing(network, PORTFOLIO[::-1]).router != PORTFOLIO[0].name


def test_a_network_that_no_router_fits_says_why_each_failed():
    builder = NetworkBuilder()
    source = builder.add(ExternalPopulation(1, name="source"))
    target = builder.add(Population(np.arange(1), name="target"))
    for k in range(33):
        builder.add(Projection(source, target, np.ones((1, 1), int), name=f"p{k}"))
    with pytest.raises(RoutingError) as caught:
        build_routing(builder.done())
    assert all(repr(router.name) in str(caught.value) for router in PORTFOLIO)
    with pytest.raises(RoutingError, match="at least one"):
        build_routing(builder.done(), [])


def test_irregular_fan_in_fits_where_a_bus_is_not_divided():
    """Each neuron hears some 84 of 200 sources, in no order that four groups could follow."""
    rng = np.random.default_rng(0)
    builder = NetworkBuilder()
    inputs = builder.add(ExternalPopulation(200))
    neurons = builder.add(Population(np.arange(512), record_spikes=False))
    mask = rng.random((200, 512)) < 0.42
    builder.add(Projection(inputs, neurons, dense(rng, 200, 512) * mask, mask))
    network = builder.done()
    with pytest.raises(RoutingError, match="no synapse row"):
        build_routing(network, PORTFOLIO[:1])
    assert_connected_as_asked(network)


def test_all_labels_tell_their_sources_apart():
    mask = np.zeros((1024, 512), bool)
    mask[np.arange(1024), np.arange(1024) % 512] = True
    builder = NetworkBuilder()
    inputs = builder.add(ExternalPopulation(1024))
    neurons = builder.add(Population(np.arange(512), record_spikes=False))
    builder.add(Projection(inputs, neurons, mask * 63, mask))
    assert_connected_as_asked(builder.done())
