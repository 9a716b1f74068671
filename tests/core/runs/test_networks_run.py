"""Large networks do on the emulated chip what their weights say."""

import numpy as np
import pytest

from bss2_emulator.facts import constants as c
from hxtorch.core import (
    ChipConfiguration,
    ExternalPopulation,
    LogicalNeuronCompartments,
    NetworkBuilder,
    NetworkInputs,
    NeuronPlacement,
    Population,
    Projection,
    SpikeTrains,
    build_network_graph,
    build_routing,
    extract_cadc,
    extract_spikes,
    open_session,
    run,
)
from hxtorch.core.calibration import SpikingCalibTarget, nominal_registers

RUNTIME = 7_500  # cycles, 60 us
EVENT = 2_500
TARGET = SpikingCalibTarget(threshold=90, refractory_time=30e-6)
CONFIG = ChipConfiguration(**nominal_registers(TARGET))
DRIVERS = 4  # parallel synapses that surely make a neuron fire


@pytest.fixture(scope="module")
def chip():
    with open_session(fidelity="ideal") as session:
        yield session


def one_by_one(population, sources):
    """One batch entry for each source, in which only that one sends, once."""
    count = len(sources)
    trains = SpikeTrains(np.full(count, EVENT), np.asarray(sources), np.arange(count))
    return NetworkInputs(RUNTIME, count, {population: trains})


def deflections(result, graph, population):
    """How far each neuron was moved at the end of each batch entry, LSB, (batch, neurons)."""
    dense = extract_cadc(result, graph, RUNTIME)[population].to_dense(RUNTIME * 8e-9, 1e-6)
    return dense[25:45].mean(axis=0) - dense[5:19].mean(axis=0)


def lsb_per_weight(circuits):
    """What a weight of 1 moves a neuron of some circuits in the steps that :func:`deflections` looks at, LSB."""
    tau, time = 10e-6, np.arange(25, 45) * 1e-6 - EVENT * c.CYCLE  # of membrane and synapse
    gain = (CONFIG.i_synin_exc_gm[0] / c.GM_REFERENCE) ** c.GM_EXPONENT
    volts = gain * c.EVENT_CURRENT / c.CAPACITANCE * (time * np.exp(-time / tau)).mean()
    return volts / c.CADC_LSB / circuits


def assert_follow(moved, weights, circuits):
    """Deflections are proportional to weights, up to the rounding of the ADC."""
    total = (weights * weights).sum()
    slope = (moved * weights).sum() / total
    interval = 3.29 * np.sqrt(1 / 12 / total) + 0.005 * lsb_per_weight(circuits)  # 99.9 % and the steps of the kernel
    assert slope == pytest.approx(lsb_per_weight(circuits), abs=interval)
    assert np.abs(moved - slope * weights).max() < 1.5


def test_256_inputs_on_246_hidden_neurons_and_10_outputs(chip):
    rng = np.random.default_rng(0)
    placement = NeuronPlacement()
    placement.register_id(range(256), LogicalNeuronCompartments({0: [0, 128]}))
    circuits = placement.circuits_of(range(256))
    builder = NetworkBuilder()
    inputs = builder.add(ExternalPopulation(256, name="inputs"))
    hidden = builder.add(
        Population(circuits[:246, 0], circuits=circuits[:246], record_cadc=True, name="hidden", record_spikes=True)
    )
    outputs = builder.add(
        Population(circuits[246:, 0], circuits=circuits[246:], record_cadc=True, name="outputs", record_spikes=False)
    )
    first, second = rng.integers(-63, 64, (256, 246)), rng.integers(-63, 64, (246, 10))
    projection = builder.add(Projection(inputs, hidden, first))
    builder.add(Projection(hidden, outputs, second))
    network = builder.done()
    graph = build_network_graph(network, build_routing(network))
    sources = [0, 1, 100, 200, 255]
    result = run(CONFIG, graph, one_by_one(inputs, sources))
    # two circuits make twice the capacitance of one, whose peak would be 0.33 LSB per weight
    assert_follow(deflections(result, graph, hidden), first[sources], 2)
    assert not np.abs(deflections(result, graph, outputs)).max() > 1

    # now each source makes one hidden neuron fire, and the outputs hear of it
    chosen = np.array([3, 70, 128, 200, 245])
    strong = np.zeros((256, 246), np.int64)
    strong[: DRIVERS * len(chosen), chosen] = 63 * np.repeat(np.eye(len(chosen), dtype=int), DRIVERS, axis=0)
    graph = build_network_graph(network.with_weights({projection: strong}), graph.routing)
    trains = SpikeTrains(
        np.full(DRIVERS * len(chosen), EVENT),
        np.arange(DRIVERS * len(chosen)),
        np.repeat(np.arange(len(chosen)), DRIVERS),
    )
    fires = CONFIG.replace(enable_threshold=np.isin(np.arange(512), circuits[:246]))
    result = run(fires, graph, NetworkInputs(RUNTIME, len(chosen), {inputs: trains}))
    spikes = extract_spikes(result, graph, RUNTIME)[hidden]
    np.testing.assert_array_equal(spikes.indices, chosen)
    np.testing.assert_array_equal(spikes.batches, np.arange(len(chosen)))
    assert_follow(deflections(result, graph, outputs), second[chosen], 2)


def test_a_sparse_projection_of_256_inputs_on_512_neurons(chip):
    rng = np.random.default_rng(1)
    mask = rng.random((256, 512)) < 0.1
    weights = rng.integers(-63, 64, (256, 512)) * mask
    builder = NetworkBuilder()
    inputs = builder.add(ExternalPopulation(256))
    neurons = builder.add(Population(np.arange(512), record_cadc=True, record_spikes=False))
    builder.add(Projection(inputs, neurons, weights, mask))
    network = builder.done()
    graph = build_network_graph(network, build_routing(network))
    sources = [0, 17, 128, 255]
    result = run(CONFIG, graph, one_by_one(inputs, sources))
    assert_follow(deflections(result, graph, neurons), weights[sources], 1)


def test_512_recurrent_neurons(chip):
    rng = np.random.default_rng(2)
    mask = rng.random((512, 512)) < 0.1
    np.fill_diagonal(mask, False)
    weights = rng.integers(-63, 64, (512, 512)) * mask
    chosen = np.array([0, 40, 130, 255, 256, 511])
    direct = np.zeros((len(chosen), 512), bool)
    direct[np.arange(len(chosen)), chosen] = True
    builder = NetworkBuilder()
    inputs = builder.add(ExternalPopulation(len(chosen)))
    neurons = builder.add(Population(np.arange(512), record_cadc=True))
    builder.add(Projection(neurons, neurons, weights, mask))
    for _ in range(DRIVERS):
        builder.add(Projection(inputs, neurons, 63 * direct, direct))
    network = builder.done()
    graph = build_network_graph(network, build_routing(network))
    fires = CONFIG.replace(enable_threshold=np.isin(np.arange(512), chosen))
    result = run(fires, graph, one_by_one(inputs, range(len(chosen))))
    spikes = extract_spikes(result, graph, RUNTIME)[neurons]
    first = np.unique(spikes.batches, return_index=True)[1]
    np.testing.assert_array_equal(spikes.indices[first], chosen)
    others = ~np.isin(np.arange(512), chosen)
    assert_follow(deflections(result, graph, neurons)[:, others], weights[chosen][:, others], 1)
