"""What the chip counts and senses comes up with the result, and events are either delivered or lost somewhere."""

import numpy as np
import pytest

from hxtorch.core import (
    BackgroundPopulation,
    BackgroundSpikeSource,
    ChipConfiguration,
    ExternalPopulation,
    InputEvents,
    NetworkBuilder,
    NetworkInputs,
    Population,
    ProgramError,
    Projection,
    Recording,
    RecordingError,
    SpikeTrains,
    SpikingProgram,
    build_network_graph,
    build_routing,
    extract_spikes,
    open_session,
    run,
)
from hxtorch.core.calibration import SpikingCalibTarget, nominal_registers

RUNTIME = 125_000
ONCE = SpikingCalibTarget(threshold=90, tau_syn=2e-6, refractory_time=20e-6)
CONFIG = ChipConfiguration(**nominal_registers(ONCE), enable_threshold=True)


@pytest.fixture(scope="module")
def chip():
    with open_session(fidelity="ideal") as session:
        yield session


def relay(pre, neurons=(0, 300), record=True):
    builder = NetworkBuilder()
    inputs = builder.add(pre)
    layer = builder.add(Population(np.array(neurons), record_spikes=record))
    for _ in range(2):
        builder.add(Projection(inputs, layer, np.full((pre.size, len(neurons)), 63)))
    network = builder.done()
    return build_network_graph(network, build_routing(network)), inputs, layer


def test_background_events_drive_neurons_and_are_recorded(chip):
    source = BackgroundSpikeSource(period=24_999, rate=0, seed=3, enable_random=False)  # one in 100 us
    graph, noise, layer = relay(BackgroundPopulation(1, source, record_spikes=True))
    result = run(CONFIG, graph, NetworkInputs(RUNTIME, 2))
    spikes = extract_spikes(result, graph, RUNTIME)
    assert np.bincount(spikes[noise].batches).tolist() == [9, 9]
    np.testing.assert_array_equal(np.diff(spikes[noise].times[:9]), 12_500)
    assert np.bincount(spikes[layer].indices).tolist() == [18, 18]  # both hemispheres, both batch entries
    assert result.info.background_events.sum() == 2 * 2 * 9  # two generators
    assert result.loopback.times.size == 0


def test_random_background_has_the_rate_of_its_source_and_all_its_labels(chip):
    source = BackgroundSpikeSource(period=249, rate=127, seed=11)  # 0.5 MHz
    graph, noise, _ = relay(BackgroundPopulation(8, source, record_spikes=True), neurons=(0, 1), record=False)
    spikes = extract_spikes(run(CONFIG, graph, NetworkInputs(10 * RUNTIME)), graph, 10 * RUNTIME)[noise]
    assert len(spikes.times) == pytest.approx(5000, rel=0.06)  # 4 sigma of a binomial process
    assert (np.bincount(spikes.indices, minlength=8) > 500).all()


def test_events_sent_are_forwarded_dropped_or_lost_on_the_link(chip):
    graph, inputs, _ = relay(ExternalPopulation(64, record_spikes=True))
    rng = np.random.default_rng(0)
    trains = SpikeTrains(rng.integers(0, 2000, 9000), rng.integers(0, 64, 9000), np.zeros(9000, int))
    info = run(CONFIG, graph, NetworkInputs(RUNTIME, 1, {inputs: trains})).info
    to_chip = slice(8, 12)
    assert info.events_sent == 9000
    assert (
        info.events_forwarded[to_chip].sum() + info.events_dropped[to_chip].sum() + info.link_dropped[:4].sum() == 9000
    )
    assert info.events_passed.shape == (12,)


def test_spike_counters_count_spikes(chip):
    graph, inputs, _ = relay(ExternalPopulation(1))
    trains = SpikeTrains(5000 * np.arange(1, 20), np.zeros(19, int), np.zeros(19, int))
    events = InputEvents(trains.times, graph.external_labels(inputs)[trains.indices], np.array([0, 19]))
    program = SpikingProgram(graph.configure(CONFIG), RUNTIME, events, Recording(spike_counters=True))
    counters = chip.run_spiking(program).spike_counters
    assert counters.values.shape == counters.overflow.shape == (1, 512)
    assert counters.values[0, [0, 300]].tolist() == [19, 19]
    assert counters.values.sum() == 38
    plain = SpikingProgram(graph.configure(CONFIG), RUNTIME, events)
    assert chip.run_spiking(plain).spike_counters is None


def test_correlation_sensors_see_events_before_spikes(chip):
    graph, inputs, _ = relay(ExternalPopulation(1))
    config = graph.configure(CONFIG)
    rows = np.flatnonzero(config.weight.reshape(512, 256).any(1))
    events = InputEvents(np.array([1000]), graph.external_labels(inputs), np.array([0, 1]))

    def codes(**recording):
        program = SpikingProgram(config, RUNTIME, events, Recording(correlation_rows=rows, **recording))
        return chip.run_spiking(program).correlation

    config = config.replace(i_correlation_store=1022)
    seen = codes()
    np.testing.assert_array_equal(seen.rows, rows)
    assert seen.values.shape == (1, len(rows), 256, 2)
    causal, acausal = seen.values[0, ..., 0], seen.values[0, ..., 1]
    connected = config.weight.reshape(512, 256)[rows] > 0
    assert (causal[connected] > 0).all()
    assert not acausal[connected].any()
    assert not codes(correlation_reset=RUNTIME - 1).values.any()


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: Recording(correlation_rows=np.array([1, 1])), RecordingError),
        (lambda: Recording(correlation_rows=np.array([512])), RecordingError),
        (
            lambda: SpikingProgram(ChipConfiguration(), 5, InputEvents.silence(), Recording(correlation_reset=5)),
            ProgramError,
        ),
    ],
)
def test_recordings_that_no_chip_has_are_refused(make, error):
    with pytest.raises(error, match="correlation"):
        make()
