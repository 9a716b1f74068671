"""The fit report counts what the registers use, and its remedy fits where one more does not."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hxtorch.core import (
    BackgroundPopulation,
    ChipConfiguration,
    ExternalPopulation,
    GroupRouter,
    Network,
    NetworkBuilder,
    Population,
    ProgramError,
    Projection,
    RoutingError,
    build_network_graph,
    build_routing,
    draw_fit,
    fit_report,
)
from hxtorch.core.fit import Remedy, Usage, smallest_change
from hxtorch.core.routing.groups import PORTFOLIO


def layered(inputs: int = 25, hidden: int = 120, outputs: int = 3, labels: tuple = ()) -> Network:
    """A network over both hemispheres: descriptors 0 inputs, 1 hidden, 2 readout."""
    builder = NetworkBuilder()
    pre = builder.add(ExternalPopulation(inputs, name="inputs"))
    middle = builder.add(Population(np.arange(hidden), record_cadc=True, madc_index=hidden - 1, name="hidden"))
    post = builder.add(Population(np.arange(300, 300 + outputs), record_spikes=False, name="readout"))
    builder.add(Projection(pre, middle, np.ones((inputs, hidden), int), name="first"))
    builder.add(Projection(middle, post, np.ones((hidden, outputs), int), name="second"))
    for index, size in enumerate(labels):
        builder.add(ExternalPopulation(size, name=f"silent {index}"))
    return builder.done()


@st.composite
def networks(draw) -> Network:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    builder, circuits, posts = NetworkBuilder(), rng.permutation(512), []
    sizes = draw(st.lists(st.integers(1, 60), max_size=2))
    pres = [(builder.add(ExternalPopulation(size, record_spikes=draw(st.booleans()))), size) for size in sizes]
    for size in draw(st.lists(st.integers(1, 60), min_size=1, max_size=3)):
        neurons, circuits = circuits[:size], circuits[size:]
        flags = {"record_spikes": draw(st.booleans()), "record_cadc": draw(st.booleans())}
        posts.append((builder.add(Population(neurons, **flags)), size))
    for _ in range(draw(st.integers(0, 4))):
        (pre, rows), (post, columns) = draw(st.sampled_from(pres + posts)), draw(st.sampled_from(posts))
        mask = rng.random((rows, columns)) < 0.3 if draw(st.booleans()) else None
        builder.add(Projection(pre, post, np.zeros((rows, columns), int), mask))
    return builder.done()


@given(networks())
def test_what_is_used_is_what_the_registers_say(network):
    report = fit_report(network)
    on_chip = [p for p in network.populations.values() if isinstance(p, Population)]
    neurons = np.concatenate([p.neurons for p in on_chip])
    recorded = np.concatenate([p.neurons if p.record_cadc else p.neurons[:0] for p in on_chip])
    for hemisphere in (0, 1):
        assert report.circuits[hemisphere] == Usage(int((neurons // 256 == hemisphere).sum()), 256)
        assert report.cadc_channels[hemisphere] == Usage(int((recorded // 256 == hemisphere).sum()), 256)
    if not report.fits:
        with pytest.raises(RoutingError) as refused:
            build_routing(network, PORTFOLIO)
        assert report.problem == str(refused.value)
        return
    graph = build_network_graph(network, build_routing(network))
    assert report.remedy is None
    config = graph.configure(ChipConfiguration())
    for hemisphere in (0, 1):
        assert report.rows[hemisphere] == Usage(int((config.row_mode[hemisphere] > 0).sum()), 256)
    assert report.labels.used == report.labels_by_group.sum()
    external = [graph.external_labels(d) for d, p in network.populations.items() if isinstance(p, ExternalPopulation)]
    addresses = config.event_address[config.enable_spike_output]
    groups = np.concatenate([addresses >> 6, *(labels >> 6 & 3 for labels in external)])
    told_apart = report.labels_by_group.shape[1]  # up to four groups are told apart by the low bits
    if told_apart <= 4:
        expected = np.bincount(groups & (told_apart - 1), minlength=told_apart)
        np.testing.assert_array_equal(report.labels_by_group.sum(0), expected)
    assert report.labels_by_group.max(initial=0) <= 64
    synapses = [p.weights.size if p.mask is None else int(p.mask.sum()) for p in network.projections.values()]
    held = report.projection_at[report.projection_at >= 0]
    assert np.bincount(held, minlength=len(synapses)).tolist() == synapses
    assert report.fan_in.sum() == sum(synapses)


@given(networks(), st.integers(0, 2**32))
def test_expected_rates_are_those_that_the_crossbar_passes(network, seed):
    """Walk every event through the crossbar's registers (chip facts 1.3, 1.4)."""
    rng = np.random.default_rng(seed)
    rates = {d: rng.integers(0, 1000, p.size).astype(float) for d, p in network.populations.items()}
    report = fit_report(network, rates)
    if not report.fits:
        assert report.traffic == ()
        return
    graph = build_network_graph(network, build_routing(network))
    config = graph.configure(ChipConfiguration())
    expected, down = np.zeros(12), np.zeros(4)
    for descriptor, population in network.populations.items():
        for index, rate in enumerate(rates[descriptor]):
            if isinstance(population, Population):
                neuron = population.neurons[index]
                source = neuron % 256 // 32
                label = source << 8 | int(config.event_address[neuron])
                if not config.enable_spike_output[neuron]:
                    continue
            else:
                label = int(graph.external_labels(descriptor)[index])
                source = 8 + (label >> 14)
                down[source - 8] += rate
            passed = (label & 0x3FFF & config.crossbar_mask[source]) == config.crossbar_target[source]
            expected[passed] += rate
    found = {load.name: load.rate for load in report.traffic}
    assert found.pop("link to the chip") == down.sum()
    for bus in range(4):
        assert found.pop(f"link to the chip, channel {bus}") == down[bus]
        assert found.pop(f"PADI bus {bus}, top") == expected[bus]
        assert found.pop(f"PADI bus {bus}, bottom") == expected[4 + bus]
        assert found.pop(f"link to the host, channel {bus}") == expected[8 + bus]
    assert not found


@pytest.mark.parametrize(
    "network",
    [layered(129), layered(200, 10), layered(25, 140), layered(130, 129), layered(labels=(900,)), layered(140, 140)],
)
def test_the_remedy_fits_and_one_more_does_not(network):
    report = fit_report(network)
    assert not report.fits
    if report.remedy is None:  # two layers are too large
        assert "No change of the size of one population" in str(report)
        return
    build_routing(report.remedy.apply(network))
    one_more = Remedy(report.remedy.population, "", report.remedy.size + 1, report.remedy.instead_of)
    with pytest.raises(RoutingError):
        build_routing(one_more.apply(network), PORTFOLIO)
    assert str(report.remedy) in str(report)


@pytest.mark.parametrize(
    ("network", "remedy"),
    [
        (layered(129), "population 'inputs' of size 128 instead of 129"),
        (layered(25, 140), "population 'hidden' of size 128 instead of 140"),
        (layered(25, 120, labels=(900,)), "population 'silent 0' of size 879 instead of 900"),
        (layered(130, 130), "None"),
    ],
)
def test_the_smallest_change_names_the_layer(network, remedy):
    assert str(fit_report(network).remedy) == remedy


def irregular(neurons: int, share: float) -> Network:
    """A layer that hears itself, in no order that groups of drivers could follow."""
    mask = np.random.default_rng(1).random((neurons, neurons)) < share
    builder = NetworkBuilder()
    layer = builder.add(Population(np.arange(neurons), name="layer"))
    builder.add(Projection(layer, layer, 5 * mask, mask))
    return builder.done()


@pytest.mark.parametrize("network", [irregular(512, 0.18), irregular(400, 0.3)], ids=["columns", "inputs"])
def test_of_an_irregular_layer_the_remedy_fits_and_one_more_is_not_found_to(network):
    remedy = smallest_change(network)
    build_routing(remedy.apply(network))
    one_more = Remedy(remedy.population, "layer", remedy.size + 1, remedy.instead_of)
    with pytest.raises(RoutingError):
        build_routing(one_more.apply(network), PORTFOLIO)


@pytest.mark.parametrize(
    ("network", "runs"),
    [(layered(129), 1), (layered(25, 140), 1), (layered(140, 140), 0), (layered(labels=(900,)), 3),
     (irregular(400, 0.3), 20)],
)  # fmt: skip
def test_counting_rules_out_what_then_is_not_routed(network, runs, monkeypatch):
    """Of sizes that counting allows the largest is routed first."""
    routed = []
    assigned = GroupRouter.assigned
    monkeypatch.setattr(
        GroupRouter, "assigned", lambda router, demand: routed.append(router) or assigned(router, demand)
    )
    assert smallest_change(network) is None or routed
    assert len(routed) <= runs


def test_the_remedy_keeps_recordings_that_are_left():
    network = layered(25, 140)
    small = fit_report(network).remedy.apply(network)
    hidden = list(small.populations.values())[1]
    assert (hidden.size, hidden.record_cadc, hidden.madc_index) == (128, True, None)
    assert [p.weights.shape for p in small.projections.values()] == [(25, 128), (128, 3)]


def test_the_text_of_a_network_that_fits():
    network = layered()
    inputs, hidden, _ = network.populations
    text = str(fit_report(network, {inputs: 1e6, hidden: 5e6}))
    assert text.splitlines()[:7] == [
        "The network fits.",
        "                        top           bottom",
        "circuits                120 of 256    3 of 256",
        "synapse rows            50 of 256     240 of 256",
        "drivers                 25 of 128     120 of 128",
        "CADC channels           120 of 256    0 of 256",
        "MADC channels           1 of 1",
    ]
    for line in ("labels                  145 of 1024", "inputs of 'readout'     at most 120 of 128"):
        assert line in text
    assert "link to the chip                25.00 of 250 MHz\n" in text
    assert "PADI bus 0, bottom              160.00 of 125 MHz, too many" in text


def test_overloads_are_listed():
    network = layered()
    inputs, hidden, _ = network.populations
    overloaded = {load.name for load in fit_report(network, {hidden: np.full(120, 5e6)}).overloaded}
    assert overloaded == {
        f"{way} {bus}{where}"
        for way, where in (("PADI bus", ", bottom"), ("link to the host, channel", ""))
        for bus in range(3)  # 32 neurons each, and 24 on the last one
    }
    assert fit_report(network, {inputs: 1e3}).overloaded == ()
    assert fit_report(network).traffic == ()


def test_the_text_of_a_network_that_does_not_fit():
    lines = str(fit_report(layered(25, 140))).splitlines()
    assert lines[0].startswith("The network does not fit: population 'readout': a neuron has 140 signed inputs")
    assert lines[1] == "Smallest change that fits: population 'hidden' of size 128 instead of 140"
    assert "synapse rows (needed)   50 of 256     280 of 256" in lines
    assert "labels (needed)         165 of 1024" in lines


def test_a_network_without_projections_has_a_report():
    builder = NetworkBuilder()
    builder.add(Population(np.arange(3), record_spikes=False))
    report = fit_report(builder.done())
    assert report.fits
    assert report.labels == Usage(0, 1024)
    assert (report.projection_at == -1).all()


@pytest.mark.parametrize(
    ("rate", "message"),
    [
        (-1.0, "'inputs': got -1.0 Hz"),
        (np.nan, "got nan Hz"),
        (np.inf, "got inf Hz"),
        (np.ones(24), r"'inputs': got shape \(24,\), wanted a scalar or \(25,\)"),
    ],
)
def test_rates_that_make_no_sense_are_refused(rate, message):
    network = layered()
    with pytest.raises(ProgramError, match=message):
        fit_report(network, {next(iter(network.populations)): rate})


def test_rates_of_unknown_populations_are_refused():
    with pytest.raises(ProgramError, match=r"PopulationDescriptor\(value=7\) is no population"):
        fit_report(layered(), {list(layered(labels=(1,) * 5).populations)[7]: 1.0})


def with_background(neurons=20):
    builder = NetworkBuilder()
    circuits = np.arange(2 * neurons).reshape(-1, 2)
    layer = builder.add(Population(circuits[:, 0], circuits=circuits, name="layer", record_cadc=True))
    for k in range(3):
        noise = builder.add(BackgroundPopulation(32, name=f"noise {k}"))
        builder.add(Projection(noise, layer, np.ones((32, neurons), int), name=f"from {k}"))
    return builder.done()


def test_the_report_counts_all_circuits_of_a_neuron():
    report = fit_report(with_background(), {})
    assert report.fits
    assert (report.population_of[:40] == 0).all()
    assert report.circuits[0] == Usage(40, 256)
    assert report.cadc_channels[0] == Usage(20, 256)
    assert dict(report.inputs)["layer"] == Usage(96, 256)
    assert (report.fan_in[:40] == 48).all()
    assert report.generators == (Usage(3, 4), Usage(0, 4))
    assert "background generators   3 of 4        0 of 4" in str(report)
    assert "router                  4 groups of 8 drivers" in str(report)


@pytest.mark.parametrize("suffix", ["png", "svg"])
@pytest.mark.parametrize("network", [layered(), layered(25, 140), layered(130, 130), with_background()])
def test_a_figure_of_the_chip_is_drawn(tmp_path, network, suffix):
    pytest.importorskip("matplotlib")
    path = tmp_path / f"chip.{suffix}"
    sources = [d for d, p in network.populations.items() if not isinstance(p, BackgroundPopulation)]
    draw_fit(fit_report(network, dict.fromkeys(sources, 1e6)), path)
    assert path.stat().st_size > 10_000
    if suffix == "svg":
        assert path.read_text().startswith("<?xml")


def test_a_figure_without_matplotlib_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    with pytest.raises(ImportError, match=r"pip install matplotlib"):
        draw_fit(fit_report(layered()), tmp_path / "chip.png")
    assert not list(tmp_path.iterdir())


def test_a_small_population_is_cut_rather_than_much_of_a_large_one():
    builder = NetworkBuilder()
    large = builder.add(ExternalPopulation(200, name="large"))
    small = builder.add(ExternalPopulation(66, name="small"))
    neurons = builder.add(Population(np.arange(5), name="neurons"))
    mask = np.arange(200)[:, None] < np.full(5, 64)  # what is cut off first has no synapses
    builder.add(Projection(large, neurons, mask * 1, mask))
    builder.add(Projection(small, neurons, np.ones((66, 5), int)))
    assert str(fit_report(builder.done()).remedy) == "population 'small' of size 64 instead of 66"
