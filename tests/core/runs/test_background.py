"""Background populations: generators of the right buses, labels that reach exactly the synapses asked for."""

import numpy as np
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from hxtorch.core import (
    BackgroundPopulation,
    BackgroundSpikeSource,
    ChipConfiguration,
    ExternalPopulation,
    LabelEvents,
    NetworkBuilder,
    Population,
    ProgramError,
    Projection,
    RoutingError,
    SpikeEvents,
    SpikingResult,
    build_network_graph,
    build_routing,
    extract_spikes,
    fit_report,
    update_network_graph,
)
from hxtorch.core.routing.groups import PORTFOLIO


def drawn_labels(config: ChipConfiguration, generator: int) -> list[int]:
    """All labels that a generator may send (chip facts 1.5)."""
    mask, base = int(config.background_mask[generator]), int(config.background_label[generator])
    bits = [1 << bit for bit in range(8) if mask >> bit & 1]
    labels = [base & ~mask]
    for bit in bits:
        labels += [label | bit for label in labels]
    return labels


def effect(config: ChipConfiguration, generator: int, label: int) -> np.ndarray:
    """Signed weight of one event on each neuron: generator k feeds PADI bus k of the top, k - 4 of the bottom."""
    hemisphere, bus = divmod(generator, 4)
    total = np.zeros(512, np.int64)
    node = 12 + generator, generator
    if label & int(config.crossbar_mask[node]) != int(config.crossbar_target[node]):
        return total
    for position in range(32):
        driver = 4 * position + bus
        if (position ^ label >> 6) & int(config.row_select_mask[hemisphere, driver]):
            continue
        for row in (2 * driver, 2 * driver + 1):
            sign = {0: 0, 1: 1, 2: -1}[int(config.row_mode[hemisphere, row])]
            hit = config.label[hemisphere, row] == label & 63
            weights = np.where(hit, config.weight[hemisphere, row].astype(int), 0)
            total[256 * hemisphere : 256 * hemisphere + 256] += sign * weights
    return total


@st.composite
def networks(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    builder = NetworkBuilder()
    neurons = rng.permutation(512)[: draw(st.integers(1, 60))]
    layer = builder.add(Population(neurons))
    for k in range(draw(st.integers(1, 4))):
        source = BackgroundSpikeSource(int(rng.integers(65536)), int(rng.integers(256)), int(rng.integers(2**32)))
        noise = builder.add(BackgroundPopulation(2 ** draw(st.integers(0, 7)), source, draw(st.booleans()), f"n{k}"))
        shape = builder.done().populations[noise].size, len(neurons)
        mask = rng.random(shape) < draw(st.sampled_from([0.1, 0.5, 1.0]))
        builder.add(Projection(noise, layer, rng.integers(-63, 64, shape) * mask, mask))
    if draw(st.booleans()):
        inputs = builder.add(ExternalPopulation(20))
        builder.add(Projection(inputs, layer, rng.integers(-63, 64, (20, len(neurons)))))
        builder.add(Projection(layer, layer, np.eye(len(neurons), dtype=int), np.eye(len(neurons), dtype=bool)))
    return builder.done()


@given(networks(), st.sampled_from(PORTFOLIO))
def test_every_generated_event_has_the_synapses_of_one_source(network, router):
    try:
        graph = build_network_graph(network, build_routing(network, [router]))
    except RoutingError:
        reject()
    config = graph.configure(ChipConfiguration())
    generators = [place.generators for place in graph.routing.background.values()]
    assert len({g for one in generators for g in one}) == sum(map(len, generators)) == config.enable_background.sum()
    for descriptor, place in graph.routing.background.items():
        population = network.populations[descriptor]
        wanted = np.zeros((population.size, 512), np.int64)
        for projection in network.projections.values():
            if projection.pre == descriptor:
                wanted[:, network.populations[projection.post].neurons] += projection.weights
        for generator in place.generators:
            assert sorted(drawn_labels(config, generator)) == sorted(place.labels.tolist())
            assert config.background_random[generator]
            for register in ("period", "rate", "seed"):
                assert getattr(config, f"background_{register}")[generator] == getattr(population.source, register)
            half = slice(256 * (generator // 4), 256 * (generator // 4) + 256)
            for source, label in enumerate(place.labels.tolist()):
                np.testing.assert_array_equal(effect(config, generator, label)[half], wanted[source, half])
        hemispheres = {generator // 4 for generator in place.generators}
        assert {int(h) for h in np.flatnonzero(wanted.any(0)) // 256} <= hemispheres
        assert len({generator % 4 for generator in place.generators}) == 1


@given(networks())
def test_no_other_source_has_a_label_of_a_generator(network):
    try:
        graph = build_network_graph(network, build_routing(network))
    except RoutingError:
        reject()
    heard = graph.routing.row_select_mask << 6 | 63
    used: dict[int, set[int]] = {bus: set() for bus in range(4)}
    sent = [(place.generators[0] % 4, place.labels) for place in graph.routing.background.values()]
    sent += [(int(label) >> 14, [label]) for labels in graph.routing.external_labels.values() for label in labels]
    neurons = np.flatnonzero(graph.routing.event_addresses >= 0)
    sent += [(n % 256 // 32 % 4, [int(graph.routing.event_addresses[n])]) for n in neurons]
    for bus, labels in sent:
        seen = {int(label) & heard for label in labels}
        assert len(seen) == len(labels)
        assert used[bus].isdisjoint(seen)
        used[bus] |= seen


def noisy(record=True, targets=(0, 300), size=4, **source):
    builder = NetworkBuilder()
    layer = builder.add(Population(np.array(targets), name="layer"))
    source = BackgroundSpikeSource(**{"period": 99, **source})
    noise = builder.add(BackgroundPopulation(size, source, record, "noise"))
    builder.add(Projection(noise, layer, np.ones((size, len(targets)), int)))
    return builder.done(), noise


def test_recorded_events_reach_the_link_once_and_find_their_source():
    network, noise = noisy()
    graph = build_network_graph(network, build_routing(network))
    config = graph.configure(ChipConfiguration())
    place = graph.routing.background[noise]
    assert len(place.generators) == 2
    opened = [
        (g, out)
        for g in range(8)
        for out in range(8, 12)
        if config.crossbar_mask[12 + g, out] == 0 and (config.crossbar_target[12 + g, out] == 0)
    ]
    assert opened == [(place.generators[0], 8 + place.generators[0] % 4)]
    labels = graph.background_labels(noise)
    assert (labels >> 14 == place.generators[0] % 4).all()
    empty = np.empty(0, np.int64)
    offsets = np.array([0, 0])
    result = SpikingResult(
        SpikeEvents(empty, empty, offsets),
        LabelEvents.none(1),
        (),
        None,
        None,
        LabelEvents(np.array([5, 7, 9]), labels[[2, 0, 3]], np.array([0, 3])),
    )
    handle = extract_spikes(result, graph, 100)[noise]
    assert handle.indices.tolist() == [2, 0, 3]
    assert handle.times.tolist() == [5, 7, 9]
    silent = SpikingResult(SpikeEvents(empty, empty, offsets), LabelEvents.none(1), (), None, None)
    assert extract_spikes(silent, graph, 100)[noise].times.size == 0


def test_a_population_without_targets_takes_a_generator_only_to_be_recorded():
    for record, count in ((False, 0), (True, 1)):
        builder = NetworkBuilder()
        builder.add(BackgroundPopulation(2, record_spikes=record))
        network = builder.done()
        graph = build_network_graph(network, build_routing(network))
        assert graph.configure(ChipConfiguration()).enable_background.sum() == count


def test_networks_without_background_leave_the_generators_alone():
    builder = NetworkBuilder()
    builder.add(Population(np.arange(2)))
    network = builder.done()
    on = ChipConfiguration(enable_background=True)
    assert build_network_graph(network, build_routing(network)).configure(on).enable_background.all()


def test_each_bus_of_a_hemisphere_has_one_generator():
    builder = NetworkBuilder()
    layer = builder.add(Population(np.arange(3)))
    for k in range(5):
        if k == 4:
            build_routing(builder.done())
        noise = builder.add(BackgroundPopulation(1, name=f"noise {k}"))
        builder.add(Projection(noise, layer, np.ones((1, 3), int)))
    with pytest.raises(RoutingError, match="'noise 4': no background generator is left"):
        build_routing(builder.done())
    report = fit_report(builder.done())
    assert str(report.generators[0]) == "5 of 4"
    assert "background generators   5 of 4" in str(report)


def test_a_dense_population_has_at_most_the_inputs_of_one_bus():
    network, _ = noisy(size=32)
    build_routing(network)
    network, _ = noisy(size=64)
    with pytest.raises(RoutingError, match=r"'noise'.*64 background sources.*one PADI bus"):
        build_routing(network)
    assert fit_report(network).remedy.size == 32


def test_the_report_counts_generators_and_their_events():
    network, _ = noisy(period=124, rate=255)  # 250 MHz / 125
    report = fit_report(network, {})
    loads = {load.name: load.rate for load in report.traffic}
    assert [str(usage) for usage in report.generators] == ["1 of 4", "1 of 4"]
    assert sum(rate for name, rate in loads.items() if name.startswith("PADI")) == pytest.approx(4e6)
    assert sum(rate for name, rate in loads.items() if name.startswith("link to the host")) == pytest.approx(2e6)
    assert loads["link to the chip"] == 0
    assert "background generators   1 of 4        1 of 4" in str(report)
    fast, noise = noisy(period=0)
    assert fit_report(fast, {}).overloaded
    with pytest.raises(ProgramError, match="generator"):
        fit_report(fast, {noise: 1.0})


@pytest.mark.parametrize(
    ("source", "rate"),
    [
        (BackgroundSpikeSource(249, rate=0), 0),
        (BackgroundSpikeSource(249, rate=127), 0.5e6),
        (BackgroundSpikeSource(249, enable_random=False), 1e6),
    ],
)
def test_expected_rates_of_a_generator(source, rate):
    assert source.events_per_second == pytest.approx(rate)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BackgroundPopulation(3), "power of two"),
        (lambda: BackgroundPopulation(512), "up to 256"),
        (lambda: BackgroundPopulation(2, BackgroundSpikeSource(5, enable_random=False)), "regular generator"),
        (lambda: BackgroundSpikeSource(65536), "period 65536"),
        (lambda: BackgroundSpikeSource(5, rate=256), "rate 256"),
        (lambda: BackgroundSpikeSource(5, seed=-1), "seed -1"),
        (lambda: BackgroundSpikeSource(5.0), "period 5.0"),
    ],
)
def test_what_no_generator_can_do_is_refused(make, message):
    with pytest.raises(RoutingError, match=message):
        make()


def test_another_source_needs_another_routing():
    network, _ = noisy()
    graph = build_network_graph(network, build_routing(network))
    other, _ = noisy(seed=7)
    with pytest.raises(RoutingError, match="'noise'"):
        update_network_graph(graph, other)
    assert update_network_graph(graph, noisy()[0]).network is not network


@pytest.mark.parametrize("seed", range(6))
def test_generators_leave_neurons_the_buses_that_these_cannot_leave(seed):
    """Neurons that share a bus need a third of it; a generator that each of them hears 14 times goes elsewhere."""
    rng = np.random.default_rng(seed)
    builder = NetworkBuilder()
    noise, layer = builder.add(BackgroundPopulation(64)), builder.add(Population(np.arange(200, 300)))
    heard = np.argsort(rng.random((64, 100)), axis=0) < 14
    recurrent = rng.random((100, 100)) < 0.3
    builder.add(Projection(noise, layer, 5 * heard, heard))
    builder.add(Projection(layer, layer, 5 * recurrent, recurrent))
    (place,) = build_routing(builder.done()).background.values()
    assert {generator % 4 for generator in place.generators} == {1}  # with 12 neurons the emptiest
