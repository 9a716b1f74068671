"""What any backend must do. ``HXTORCH_TEST_BACKEND`` names another backend than the emulator to be tested.

Nothing here knows how a backend computes; laws that need a quiet or a calibrated chip say so.
"""

import os
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from hxtorch import core
from hxtorch.core import (
    ChipConfiguration,
    ConfigurationError,
    HXTorchError,
    InputEvents,
    MatrixProgram,
    NoConnectionError,
    ProgramError,
    Recording,
    SpikingProgram,
    TimedWrite,
    calibration,
)

BACKEND = os.environ.get("HXTORCH_TEST_BACKEND", "emulator")
RUNTIME = 5000  # cycles, 40 us


def open_again(connection):
    said = connection.describe()
    return core.open_session(backend=BACKEND, serial=said["serial"], fidelity=said["fidelity"], seed=1)


def busy_program(batch=3, seed=0, **recording):
    """Random input on a random network, everything recorded."""
    rng = np.random.default_rng(seed)
    builder = core.NetworkBuilder()
    inputs = builder.add(core.ExternalPopulation(20, record_spikes=True))
    layer = builder.add(core.Population(rng.permutation(512)[:50], record_cadc=True, madc_index=7))
    silent = builder.add(
        core.Population(
            np.setdiff1d(np.arange(512), builder.done().populations[layer].neurons)[:5], record_spikes=False
        )
    )
    builder.add(core.Projection(inputs, layer, rng.integers(-20, 64, (20, 50))))
    builder.add(core.Projection(layer, silent, rng.integers(-20, 64, (50, 5))))
    network = builder.done()
    graph = core.build_network_graph(network, core.build_routing(network))
    trains = core.SpikeTrains.from_dense(rng.random((39, batch, 20)) < 0.2, 1e-6)
    events = core.encode(graph, core.NetworkInputs(RUNTIME, batch, {inputs: trains}))
    config = graph.configure(ChipConfiguration(enable_threshold=True, v_threshold=200))
    return SpikingProgram(config, RUNTIME, events, graph.recording)


def assert_batched(times, offsets, batch):
    assert times.dtype == np.int64
    assert offsets.dtype == np.int64
    assert offsets.shape == (batch + 1,)
    assert (offsets[0], offsets[-1]) == (0, len(times))
    for start, stop in pairwise(offsets):
        assert (np.diff(times[start:stop]) >= 0).all()
    assert ((times >= 0) & (times < RUNTIME)).all()


def test_it_plays_its_roles(connection):
    assert isinstance(connection, core.Connection)
    assert isinstance(connection.spiking, core.SpikingUnit)
    assert isinstance(connection.matrix, core.MatrixUnit)


def test_it_says_what_it_is(connection):
    said = connection.describe()
    assert said["backend"] == BACKEND
    assert said["serial"] == connection.identifier
    assert {"fidelity", "version"} <= set(said)
    assert all(isinstance(value, str) and value for value in said.values())


def test_a_spiking_result_is_well_formed(connection):
    program = busy_program()
    result = connection.spiking.run(program)
    assert_batched(result.spikes.times, result.spikes.batch_offsets, 3)
    assert_batched(result.loopback.times, result.loopback.batch_offsets, 3)
    assert len(result.spikes.times) > 0
    assert set(result.spikes.neurons) <= set(np.flatnonzero(program.configuration.enable_spike_output))
    assert [samples.neurons[0] // 256 for samples in result.cadc] == [0, 1]
    for hemisphere, samples in enumerate(result.cadc):
        assert_batched(samples.times, samples.batch_offsets, 3)
        wanted = program.recording.cadc_neurons
        np.testing.assert_array_equal(samples.neurons, wanted[wanted // 256 == hemisphere])
        assert samples.values.dtype == np.uint8
        assert samples.values.shape == (len(samples.times), len(samples.neurons))
        assert (np.diff(samples.batch_offsets) >= 5).all()  # 40 us at 7 us a sample at most
    assert_batched(result.madc.times, result.madc.batch_offsets, 3)
    assert result.madc.neuron == program.recording.madc_neuron
    assert result.madc.values.dtype == np.uint16
    assert result.madc.values.max() <= 1023
    for start, stop in pairwise(result.madc.batch_offsets):
        assert set(np.diff(result.madc.times[start:stop])) <= {4, 5}


def test_what_is_not_recorded_is_not_there(connection):
    program = busy_program()
    result = connection.spiking.run(SpikingProgram(program.configuration, RUNTIME, program.events))
    assert result.cadc == ()
    assert result.madc is None
    lower = SpikingProgram(program.configuration, RUNTIME, program.events, Recording(np.array([300, 256])))
    (samples,) = connection.spiking.run(lower).cadc
    assert samples.neurons.tolist() == [300, 256]


def test_a_run_says_what_it_did(connection):
    program = busy_program()
    first, second = (connection.spiking.run(program).info for _ in range(2))
    assert second.run == first.run + 1
    assert first.serial == connection.identifier
    assert first.backend == BACKEND
    assert first.emulated_time == pytest.approx(3 * RUNTIME * core.CYCLE)
    assert first.wall_time > 0
    assert first.events_sent == len(program.events.times)
    assert first.events_dropped.shape == (20,)


def test_recorded_input_comes_back(connection):
    program = busy_program()
    result = connection.spiking.run(program)
    for entry in range(3):
        sent = slice(*program.events.batch_offsets[entry : entry + 2])
        back = slice(*result.loopback.batch_offsets[entry : entry + 2])
        sent_labels = program.events.labels[sent].tolist()
        back_labels = result.loopback.labels[back].tolist()
        assert set(back_labels) <= set(sent_labels)
        assert len(back_labels) >= 0.9 * len(sent_labels)


def test_the_same_seed_and_run_give_the_same_result(connection):
    if "run_counter" not in dir(connection):
        pytest.skip("this backend does not repeat itself")
    program = busy_program()
    first = connection.spiking.run(program)
    with open_again(connection) as session:
        second = session.connection.spiking.run(program)
    np.testing.assert_array_equal(first.spikes.times, second.spikes.times)
    np.testing.assert_array_equal(first.spikes.neurons, second.spikes.neurons)
    np.testing.assert_array_equal(first.madc.values, second.madc.values)
    for one, other in zip(first.cadc, second.cadc, strict=True):
        np.testing.assert_array_equal(one.values, other.values)


def test_registers_of_an_earlier_run_are_forgotten(connection):
    program = busy_program()
    quiet = SpikingProgram(ChipConfiguration(), RUNTIME, program.events, program.recording)
    if "run_counter" not in dir(connection):
        pytest.skip("this backend does not repeat itself")
    connection.spiking.run(program)
    connection.run_counter = 5
    after = connection.spiking.run(quiet)
    with open_again(connection) as session:
        session.connection.run_counter = 5
        alone = session.connection.spiking.run(quiet)
    assert len(after.spikes.times) == 0
    np.testing.assert_array_equal(after.madc.values, alone.madc.values)


@pytest.mark.parametrize("seed", range(3))
def test_each_input_excites_its_target_alone(expected, seed):
    rng = np.random.default_rng(seed)
    builder = core.NetworkBuilder()
    inputs = builder.add(core.ExternalPopulation(24))
    layer = builder.add(core.Population(rng.permutation(512)[:24]))
    order = rng.permutation(24)
    weights = np.zeros((24, 24), int)
    weights[np.arange(24), order] = 63
    builder.add(core.Projection(inputs, layer, weights))
    network = builder.done()
    graph = core.build_network_graph(network, core.build_routing(network))
    # one source in each batch entry, twelve events at once
    times, batches = np.full(24 * 12, 500), np.repeat(np.arange(24), 12)
    trains = core.SpikeTrains(times, batches, batches)
    result = core.run(
        ChipConfiguration(enable_threshold=True),
        graph,
        core.NetworkInputs(RUNTIME, 24, {inputs: trains}),
        connection=expected,
    )
    spikes = core.extract_spikes(result, graph, RUNTIME)[layer]
    assert set(zip(spikes.batches, spikes.indices, strict=True)) == set(enumerate(order))


@pytest.mark.parametrize("seed", range(3))
def test_spikes_travel_along_a_chain_of_neurons(expected, seed):
    rng = np.random.default_rng(seed)
    builder = core.NetworkBuilder()
    inputs = builder.add(core.ExternalPopulation(1))
    layer = builder.add(core.Population(rng.permutation(512)[:20]))
    for _ in range(4):  # weights of parallel projections add up
        for pre, there in ((inputs, np.eye(1, 20, dtype=bool)), (layer, np.eye(20, k=1, dtype=bool))):
            builder.add(core.Projection(pre, layer, there * 63, there))
    network = builder.done()
    graph = core.build_network_graph(network, core.build_routing(network))
    result = core.run(
        ChipConfiguration(enable_threshold=True, v_threshold=253),  # about 25 CADC LSB above rest, of 50 at the peak
        graph,
        core.NetworkInputs(20 * 1000, 1, {inputs: core.SpikeTrains(*np.array([[100], [0], [0]]))}),
        connection=expected,
    )
    spikes = core.extract_spikes(result, graph, 20 * 1000)[layer]
    first = [spikes.times[spikes.indices == index].min(initial=2**40) for index in range(20)]
    assert max(first) < 20 * 1000
    assert (np.diff(first) > 0).all()


def test_signs_of_weights_are_signs_of_potentials(expected):
    builder = core.NetworkBuilder()
    inputs = builder.add(core.ExternalPopulation(1))
    layer = builder.add(core.Population(np.array([3, 200, 260, 500]), record_cadc=True))
    builder.add(core.Projection(inputs, layer, np.array([[63, -63, -63, 63]])))
    network = builder.done()
    graph = core.build_network_graph(network, core.build_routing(network))
    trains = core.SpikeTrains(np.full(40, 1000), np.zeros(40, int), np.arange(40))
    result = core.run(
        ChipConfiguration(), graph, core.NetworkInputs(RUNTIME, 40, {inputs: trains}), connection=expected
    )
    traces = core.extract_cadc(result, graph, RUNTIME)[layer].to_dense(40e-6, 1e-6).mean(1)
    change = traces[14:20].mean(0) - traces[:8].mean(0)
    assert (np.sign(change) == [1, -1, -1, 1]).all()
    assert (abs(change) > 8).all()


def test_registers_that_the_chip_lacks_are_refused_and_the_chip_goes_on(connection):
    mask, target = np.zeros((20, 12), int), np.full((20, 12), 0x3FFF)
    target[0, 1] = 0  # neuron output 0 has no node to bus 1
    program = SpikingProgram(
        ChipConfiguration(crossbar_mask=mask, crossbar_target=target), RUNTIME, InputEvents.silence()
    )
    with pytest.raises(ConfigurationError, match="crossbar"):
        connection.spiking.run(program)
    connection.spiking.run(busy_program())


def test_a_recording_that_the_chip_lacks_is_refused_and_the_chip_goes_on(connection, hagen):
    operands = np.ones((2, 3), int), np.ones((1, 2), int)
    with pytest.raises(HXTorchError, match="madc_column"):
        connection.matrix.run(MatrixProgram(hagen(connection), *operands, madc_column=3))
    connection.matrix.run(MatrixProgram(hagen(connection), *operands, madc_column=2))


def test_counters_and_sensors_are_well_formed(connection):
    program = busy_program()
    rows = np.array([3, 300])
    recording = Recording(correlation_rows=rows, spike_counters=True)
    plain = connection.spiking.run(replace(program, recording=Recording()))
    result = connection.spiking.run(replace(program, recording=recording))
    assert plain.correlation is None
    assert plain.spike_counters is None
    info = result.info
    shapes = {name: getattr(info, name).shape for name in ("events_dropped", "events_forwarded", "events_passed")}
    assert shapes == {"events_dropped": (20,), "events_forwarded": (20,), "events_passed": (12,)}
    assert info.link_dropped.shape == info.background_events.shape == (8,)
    if result.correlation is not None:  # a backend without sensors has none
        np.testing.assert_array_equal(result.correlation.rows, rows)
        assert result.correlation.values.shape == (3, 2, 256, 2)
        assert result.correlation.values.dtype == np.uint8
    if result.spike_counters is not None:
        counters = result.spike_counters
        assert counters.values.shape == counters.overflow.shape == (3, 512)
        entries = np.repeat(np.arange(3), np.diff(result.spikes.batch_offsets))
        seen = np.zeros((3, 512), np.int64)
        np.add.at(seen, (entries, result.spikes.neurons), 1)
        assert (counters.values >= np.minimum(seen, 255)).all()


def run_or_refused(connection, program, *registers):
    """Run with writes; a backend that cannot do so says which register it is about."""
    try:
        return connection.spiking.run(program)
    except ProgramError as error:
        assert any(register in str(error) for register in registers)  # noqa: PT017 - a backend may do it
        return None


@pytest.mark.parametrize(
    "register",
    [
        "cadc_offset", "weight", "label", "row_mode", "v_leak", "i_leak", "v_threshold", "v_reset", "i_synin_exc_tau",
        "i_synin_inh_gm", "refractory_time", "enable_leak", "enable_adaptation", "enable_coba_exc",
        "enable_exponential", "enable_spike_output", "event_address", "row_select_mask", "enable_stp",
        "stp_utilization", "v_stp", "i_synapse_dac_bias", "background_period", "enable_background", "connect_right",
    ],
)  # fmt: skip
def test_a_write_during_a_run_is_done_or_refused_and_the_chip_goes_on(connection, register):
    """Done means that the state is kept: nothing before the write is another, and the run is as long."""
    program = busy_program()
    before = getattr(program.configuration, register)
    after = ~before if before.dtype == bool else np.where(before > 0, before - 1, 1)
    if register == "connect_right":
        after &= np.arange(512) % 128 != 127
    middle = RUNTIME // 2
    counts = "run_counter" in dir(connection)
    if counts:
        connection.run_counter = 7
    written = run_or_refused(connection, replace(program, writes=(TimedWrite(middle, {register: after}),)), register)
    if counts:
        connection.run_counter = 7
    plain = connection.spiking.run(program)
    assert plain.spikes.times.size
    if written is None or not counts:
        return
    for one, other in zip(plain.cadc, written.cadc, strict=True):
        np.testing.assert_array_equal(one.times, other.times)
        np.testing.assert_array_equal(one.values[one.times < middle], other.values[one.times < middle])
    early = [np.flatnonzero(result.spikes.times < middle - 50) for result in (plain, written)]
    np.testing.assert_array_equal(plain.spikes.times[early[0]], written.spikes.times[early[1]])
    np.testing.assert_array_equal(plain.spikes.neurons[early[0]], written.spikes.neurons[early[1]])


def test_a_membrane_goes_on_from_where_a_write_finds_it(expected):
    """A leak potential written during a run is approached, not jumped to; one written back is left again."""
    high, low = (TimedWrite(time, {"v_leak": code}) for time, code in ((2000, 800), (2400, 629)))
    recording = Recording(np.arange(20), madc_neuron=3)
    program = SpikingProgram(ChipConfiguration(), RUNTIME, InputEvents.silence(), recording, (high, low))
    result = run_or_refused(expected, program, "v_leak")
    if result is None:
        return
    madc = result.madc
    means = [
        float(madc.values[(madc.times >= start) & (madc.times < stop)].mean())
        for start, stop in ((1500, 2000), (2000, 2100), (2200, 2400), (2600, 2800), (4500, RUNTIME))
    ]
    rest, first, risen, falling, back = means
    assert rest < first < risen
    assert rest < falling < risen
    assert back == pytest.approx(rest, abs=4)
    held = expected.spiking.run(replace(program, writes=(high,))).madc
    assert risen < held.values[held.times > 4500].mean() - 5  # it had not arrived


def test_neurons_of_several_circuits_fire_as_one(expected):
    """A chain of two circuits is driven through the second of them and fires through the first."""
    builder = core.NetworkBuilder()
    inputs = builder.add(core.ExternalPopulation(129))
    circuits = np.array([[10, 11], [20, 276]])
    layer = builder.add(core.Population(circuits[:, 0], circuits=circuits, record_cadc=True))
    weights = np.full((129, 2), 63)
    builder.add(core.Projection(inputs, layer, weights))
    network = builder.done()
    graph = core.build_network_graph(network, core.build_routing(network))
    target = calibration.SpikingCalibTarget()
    base = calibration.for_target(expected, target).apply(ChipConfiguration(enable_threshold=True))
    sources = np.arange(129)
    trains = core.SpikeTrains(1000 + 5 * sources, sources, np.zeros(129, int))
    result = core.run(base, graph, core.NetworkInputs(RUNTIME, 1, {inputs: trains}), connection=expected)
    spikes = core.extract_spikes(result, graph, RUNTIME)[layer]
    assert set(spikes.indices.tolist()) == {0, 1}
    assert set(result.spikes.neurons.tolist()) == {10, 20}


def test_a_closed_connection_refuses_runs(connection):
    connection.close()
    connection.close()
    with pytest.raises(NoConnectionError):
        connection.spiking.run(busy_program())
    with pytest.raises(NoConnectionError):
        connection.matrix.run(MatrixProgram(ChipConfiguration(), np.ones((1, 1), int), np.ones((1, 1), int)))
