import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hxtorch.core import (
    CADCRecording,
    ChipConfiguration,
    ExternalPopulation,
    NetworkBuilder,
    Population,
    Projection,
    RoutingError,
    build_network_graph,
    build_routing,
    update_network_graph,
)


def build(seed=0, *, hidden=20, masked=False, **flags):
    rng = np.random.default_rng(seed)
    builder = NetworkBuilder()
    inputs = builder.add(ExternalPopulation(5, record_spikes=flags.get("loopback", False)))
    layer = builder.add(Population(np.arange(100, 100 + hidden), record_cadc=flags.get("cadc", False)))
    readout = builder.add(Population(np.array([300, 2]), record_spikes=False, record_cadc=True, madc_index=1))
    mask = np.tri(5, hidden, dtype=bool) if masked else None
    weights = rng.integers(-63, 64, (5, hidden)) * (1 if mask is None else mask)
    builder.add(Projection(inputs, layer, weights, mask))
    builder.add(Projection(layer, readout, rng.integers(-63, 64, (hidden, 2))))
    builder.add_recording(CADCRecording(in_dram=flags.get("in_dram", False)))
    return builder.done()


def graph_of(network):
    return build_network_graph(network, build_routing(network))


@given(st.integers(0, 2**32), st.booleans())
def test_updating_weights_gives_what_building_anew_gives(seed, masked):
    old, new = build(seed, masked=masked), build(seed + 1, masked=masked)
    updated, built = update_network_graph(graph_of(old), new), graph_of(new)
    base = ChipConfiguration()
    registers = updated.configure(base).registers()
    for name, array in built.configure(base).registers().items():
        np.testing.assert_array_equal(registers[name], array, err_msg=name)


def test_updating_weights_writes_no_other_register():
    old = graph_of(build(0))
    new = update_network_graph(old, build(1))
    assert new.routing is old.routing
    before = old.configure(ChipConfiguration())
    after = new.configure(before)
    assert [name for name, array in after.registers().items() if array is not getattr(before, name)] == ["weight"]


def test_updating_leaves_the_old_graph_alone():
    old = graph_of(build(0))
    before = old.weight.copy()
    update_network_graph(old, build(1))
    np.testing.assert_array_equal(old.weight, before)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"hidden": 21}, "population"),
        ({"masked": True}, "projection"),
        ({"loopback": True}, "population"),
        ({"cadc": True}, "population"),
        ({"in_dram": True}, "recording"),
    ],
)
def test_updating_more_than_weights_is_refused(change, what):
    with pytest.raises(RoutingError, match=f"{what}.*differs.*build_routing"):
        update_network_graph(graph_of(build()), build(**change))


def test_updating_with_another_number_of_parts_is_refused():
    network = build()
    fewer = dataclasses.replace(network, projections=dict(list(network.projections.items())[:1]))
    with pytest.raises(RoutingError, match="number"):
        update_network_graph(graph_of(network), fewer)


def test_calibrated_registers_stay():
    rng = np.random.default_rng(0)
    base = ChipConfiguration(
        v_leak=rng.integers(0, 1023, 512),
        enable_threshold=rng.random(512) < 0.5,
        i_synapse_dac_bias=rng.integers(0, 1023, 4),
        cadc_offset=rng.integers(-128, 128, (2, 2, 256)),
        refractory_time=rng.integers(0, 256, 512),
    )
    config = graph_of(build()).configure(base)
    for name in ("v_leak", "enable_threshold", "i_synapse_dac_bias", "cadc_offset", "refractory_time"):
        assert getattr(config, name) is getattr(base, name)


def test_what_is_recorded_follows_the_populations():
    recording = graph_of(build(cadc=True, in_dram=True)).recording
    assert recording.cadc_neurons.tolist() == [*range(100, 120), 300, 2]
    assert recording.madc_neuron == 2
    assert recording.cadc_in_dram


def test_neurons_find_back_to_their_populations():
    graph = graph_of(build())
    for descriptor, population in graph.network.populations.items():
        if isinstance(population, Population):
            assert (graph.population_of[population.neurons] == descriptor.value).all()
            assert (graph.index_of[population.neurons] == np.arange(population.size)).all()
    assert (graph.population_of >= 0).sum() == 22
