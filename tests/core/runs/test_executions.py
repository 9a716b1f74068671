"""Several networks: spikes of one arrive in the next, wherever and in whatever order they run."""

from dataclasses import replace

import numpy as np
import pytest

from hxtorch.core import (
    ChipConfiguration,
    Execution,
    ExecutionInstanceHooks,
    ExternalPopulation,
    NetworkBuilder,
    NetworkInputs,
    NoConnectionError,
    Origin,
    Population,
    ProgramError,
    Projection,
    SpikeTrains,
    TimedWrite,
    build_network_graph,
    build_routing,
    extract_spikes,
    open_session,
    run,
    run_executions,
    set_thread_source,
)
from hxtorch.core.calibration import SpikingCalibTarget, nominal_registers

RUNTIME, SIZE = 25_000, 6
ONCE = SpikingCalibTarget(threshold=90, tau_syn=2e-6, refractory_time=20e-6)  # each input makes one spike
CONFIG = ChipConfiguration(**nominal_registers(ONCE), enable_threshold=True)


def relay():
    """A layer that repeats its inputs, each of them strong enough to make its neuron fire."""
    builder = NetworkBuilder()
    inputs = builder.add(ExternalPopulation(SIZE, name="inputs"))
    layer = builder.add(Population(np.arange(SIZE), name="layer"))
    for _ in range(2):
        builder.add(Projection(inputs, layer, 63 * np.eye(SIZE, dtype=int)))
    network = builder.done()
    return build_network_graph(network, build_routing(network)), inputs, layer


GRAPH, INPUTS, LAYER = relay()
TRAINS = SpikeTrains(np.array([1000, 3000, 9000]), np.array([0, 5, 2]), np.array([0, 1, 1]))


def chain(sessions, delay=0):
    first = Execution(CONFIG, GRAPH, NetworkInputs(RUNTIME, 2, {INPUTS: TRAINS}), session=sessions[0])
    executions = {}
    for k in (2, 1):  # receivers before senders: the order of a mapping does not matter
        origin = Origin(f"layer {k - 1}", LAYER, delay)
        executions[f"layer {k}"] = Execution(
            CONFIG, GRAPH, NetworkInputs(RUNTIME, 2), {INPUTS: origin}, session=sessions[k]
        )
    return {**executions, "layer 0": first}


def spikes(result):
    handle = extract_spikes(result, GRAPH, RUNTIME)[LAYER]
    return handle.times, handle.indices, handle.batches


def test_spikes_are_carried_from_one_run_to_the_next():
    with open_session(fidelity="ideal") as session:
        results = run_executions(chain([session] * 3))
    assert list(results) == ["layer 2", "layer 1", "layer 0"]
    times, indices, batches = zip(*(spikes(results[f"layer {k}"]) for k in range(3)), strict=True)
    for k in range(3):
        assert indices[k].tolist() == [0, 5, 2]
        assert batches[k].tolist() == [0, 1, 1]
    assert (times[0] > TRAINS.times).all()
    np.testing.assert_array_equal(times[1] - times[0], times[0] - TRAINS.times)


def test_a_delay_is_added_and_late_spikes_are_lost():
    with open_session(fidelity="ideal") as session:
        plain, late = (run_executions(chain([session] * 3, delay)) for delay in (0, 10_000))
    np.testing.assert_array_equal(spikes(late["layer 1"])[0], spikes(plain["layer 1"])[0] + 10_000)
    assert len(spikes(late["layer 2"])[0]) == 2


def test_chips_in_parallel_give_what_they_give_in_turn():
    """Noise is keyed by each chip's run number, so it does not matter who waits for whom."""

    def with_chips(serials):
        opened = {serial: open_session(serial=serial, fidelity="calibrated") for serial in set(serials)}
        try:
            return run_executions(chain([opened[serial] for serial in serials]))
        finally:
            for session in opened.values():
                session.close()

    for serials in (("a", "b", "c"), ("a", "b", "a")):
        once, again = with_chips(serials), with_chips(serials)
        for key in once:
            for one, other in zip(spikes(once[key]), spikes(again[key]), strict=True):
                np.testing.assert_array_equal(one, other)
            assert once[key].info.serial == serials[int(key[-1])]
    with open_session(serial="a", fidelity="calibrated") as session:
        by_hand = run(CONFIG, GRAPH, NetworkInputs(RUNTIME, 2, {INPUTS: TRAINS}), session=session)
    np.testing.assert_array_equal(spikes(by_hand)[0], spikes(once["layer 0"])[0])


@pytest.fixture
def threads():
    """Set how many threads a chip has."""
    yield lambda count: set_thread_source(lambda: count)
    set_thread_source(None)


def noisy(count, waits=()):
    """Executions with the chip's own noise; some hear the one before."""
    builder = NetworkBuilder()
    inputs = builder.add(ExternalPopulation(SIZE))
    layer = builder.add(Population(np.arange(SIZE), record_cadc=True))
    for _ in range(2):
        builder.add(Projection(inputs, layer, 63 * np.eye(SIZE, dtype=int)))
    network = builder.done()
    graph = build_network_graph(network, build_routing(network))
    runtime = RUNTIME // 2
    return {
        k: Execution(CONFIG, graph, NetworkInputs(runtime, 2), {inputs: Origin(k - 1, layer)})
        if k in waits
        else Execution(CONFIG, graph, NetworkInputs(runtime, 2, {inputs: TRAINS}))
        for k in range(count)
    }


@pytest.mark.parametrize("waits", [(), (3,), (1, 4)])
def test_executions_that_run_at_once_have_the_bytes_of_one_after_the_other(threads, waits):
    found = []
    for count in (1, 2, 3):
        threads(count)
        with open_session(fidelity="full", serial="together") as session:
            session.connection.run_counter = 5
            results = [run_executions(noisy(5, waits)) for _ in range(2)]
            assert session.connection.run_counter == 15
            found.append([one for result in results for one in result.values()])
    for several in found[1:]:
        for one, other in zip(found[0], several, strict=True):
            assert one.info.run == other.info.run
            np.testing.assert_array_equal(one.spikes.times, other.spikes.times)
            np.testing.assert_array_equal(one.spikes.neurons, other.spikes.neurons)
            np.testing.assert_array_equal(one.cadc[0].values, other.cadc[0].values)
    values = [one.cadc[0].values for one in found[0]]
    assert not any(np.array_equal(values[0], other) for other in values[1:])  # each has its own noise


def test_what_cannot_run_leaves_the_chip_as_one_after_the_other(threads):
    executions = noisy(4)
    executions[2] = replace(
        executions[2],
        playback_hooks=ExecutionInstanceHooks(inside_realtime=(TimedWrite(10, {"connect_vertical": True}),)),
    )
    counters = []
    for count in (1, 2):
        threads(count)
        with open_session(fidelity="full", serial="together") as session:
            with pytest.raises(ProgramError):
                run_executions(executions)
            counters.append(session.connection.run_counter)
    assert counters[0] == counters[1]


def test_an_error_stops_all_that_wait_for_it():
    with open_session(fidelity="ideal", serial="a") as one, open_session(fidelity="ideal", serial="b") as other:
        executions = chain([one, other, one])
        one.connection.close()
        with pytest.raises(NoConnectionError):
            run_executions(executions)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"origins": {LAYER: Origin("layer 0", LAYER)}}, "no external population"),
        ({"origins": {INPUTS: Origin("nobody", LAYER)}}, "unknown origin 'nobody'"),
        ({"origins": {INPUTS: Origin("layer 0", INPUTS)}}, "whose spikes are recorded"),
        ({"origins": {INPUTS: Origin("layer 0", LAYER, -1)}}, "delay in cycles: got -1"),
        ({"origins": {INPUTS: Origin("layer 2", LAYER)}}, "each waits for spikes of another"),
        ({"inputs": NetworkInputs(RUNTIME, 3)}, "batch entries, wanted"),
        ({"inputs": NetworkInputs(RUNTIME, 2, {INPUTS: TRAINS})}, "from the host and from execution 'layer 0'"),
    ],
)
def test_chains_that_cannot_run_are_refused(change, message):
    with open_session(fidelity="ideal") as session:
        executions = chain([session] * 3)
        executions["layer 1"] = replace(executions["layer 1"], **change)
        with pytest.raises(ProgramError, match=message):
            run_executions(executions)


def test_without_a_chip_the_way_to_one_is_named():
    with pytest.raises(NoConnectionError, match="init_hardware"):
        run_executions(chain([None] * 3))
