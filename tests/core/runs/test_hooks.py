"""Registers written before, during and after a run: who wins, what is recorded, what stays on the chip."""

import numpy as np
import pytest

from hxtorch.core import (
    ChipConfiguration,
    ConfigurationError,
    ExecutionInstanceHooks,
    ExternalPopulation,
    InputEvents,
    NetworkBuilder,
    NetworkInputs,
    Population,
    ProgramError,
    Projection,
    Recording,
    SpikeTrains,
    SpikingProgram,
    TimedWrite,
    build_network_graph,
    build_routing,
    extract_spikes,
    open_session,
    run,
)
from hxtorch.core.interfaces import HoldsRegisters
from hxtorch.core.runs.execution import make_program

RUNTIME = 12_500


def graph_of(**flags):
    builder = NetworkBuilder()
    builder.add(Population(np.arange(4), **flags))
    network = builder.done()
    return build_network_graph(network, build_routing(network))


def program(hooks):
    return make_program(ChipConfiguration(), graph_of(), InputEvents.silence(), hooks, RUNTIME)


def test_the_network_wins_over_what_is_written_before_it_and_not_over_what_is_written_after():
    before = program(ExecutionInstanceHooks(pre_static_config={"v_leak": 700, "enable_spike_output": True}))
    assert (before.configuration.v_leak == 700).all()
    assert before.configuration.enable_spike_output.sum() == 4
    after = program(ExecutionInstanceHooks(pre_realtime={"enable_spike_output": True}))
    assert after.configuration.enable_spike_output.all()


def test_hooks_of_a_position_are_applied_in_order():
    hooks = [{"v_leak": 600}, lambda config: config.replace(v_leak=config.v_leak + 5)]
    assert (program(hooks).configuration.v_leak == 605).all()
    assert (program(ExecutionInstanceHooks(pre_realtime=hooks)).configuration.v_leak == 605).all()
    assert (program(ExecutionInstanceHooks(pre_realtime=hooks[0])).configuration.v_leak == 600).all()


def test_a_program_knows_what_it_leaves_behind():
    late, early = TimedWrite(500, {"v_leak": 650}), TimedWrite(100, {"v_leak": 640, "v_reset": 1})
    hooks = ExecutionInstanceHooks(inside_realtime=[late, early], post_realtime={"v_threshold": 7})
    made = program(hooks)
    assert [write.time for write in made.writes] == [100, 500]
    assert set(made.registers_after) == {"v_threshold"}
    left = made.final_configuration
    assert [int(array[0]) for array in (left.v_leak, left.v_reset, left.v_threshold)] == [650, 1, 7]
    assert (made.configuration.v_threshold == 389).all()


def test_what_stays_on_the_chip_is_told():
    graph = graph_of()
    hooks = ExecutionInstanceHooks(post_realtime={"v_leak": 5})
    with open_session(fidelity="ideal") as session:
        assert isinstance(session.connection, HoldsRegisters)
        assert (session.connection.configuration.v_leak == 629).all()
        run(ChipConfiguration(), graph, NetworkInputs(RUNTIME), hooks)
        assert (session.connection.configuration.v_leak == 5).all()
        assert session.connection.configuration.enable_spike_output.sum() == 4
        run(ChipConfiguration(), graph, NetworkInputs(RUNTIME))
        assert (session.connection.configuration.v_leak == 629).all()


@pytest.mark.parametrize("fidelity", ["ideal", "full"])
def test_the_readout_can_be_changed_during_a_run(fidelity):
    """Samples before the write are those of a run without it, those after are those of a run with it all along."""
    graph, write = graph_of(record_cadc=True), {"enable_cadc_debug": True, "debug_voltage": 500}
    results = []
    for hooks in (
        None,
        [write],
        ExecutionInstanceHooks(inside_realtime=[TimedWrite(6_000, write)]),
    ):
        with open_session(fidelity=fidelity, seed=3):
            results.append(run(ChipConfiguration(), graph, NetworkInputs(RUNTIME, 3), hooks))
    plain, changed, timed = (result.cadc[0] for result in results)
    np.testing.assert_array_equal(timed.times, plain.times)
    early = timed.times < 6_000
    assert 0 < early.sum() < len(early)
    np.testing.assert_array_equal(timed.values[early], plain.values[early])
    np.testing.assert_array_equal(timed.values[~early], changed.values[~early])
    assert np.abs(timed.values[~early].astype(int) - plain.values[~early]).min() > 50
    assert results[2].info.run == 0


def test_a_write_that_changes_nothing_is_no_write():
    hooks = ExecutionInstanceHooks(inside_realtime=[TimedWrite(5, {"v_leak": 629})])
    with open_session(fidelity="ideal"):
        run(ChipConfiguration(), graph_of(), NetworkInputs(RUNTIME), hooks)


@pytest.mark.parametrize("register", ["connect_right", "enable_icc"])
def test_the_emulator_refuses_to_join_circuits_during_a_run(register):
    hooks = ExecutionInstanceHooks(inside_realtime=[TimedWrite(5, {register: np.arange(512) == 0})])
    with open_session(fidelity="ideal") as session:
        with pytest.raises(ProgramError, match=f"'{register}' at cycle 5: circuits are joined for a whole run"):
            run(ChipConfiguration(), graph_of(), NetworkInputs(RUNTIME), hooks)
        assert session.connection.run_counter == 0


def test_registers_are_written_at_all_four_places():
    """One register at each place: what the network wins over, what wins over it, what the run moves, what stays."""
    graph = graph_of(record_cadc=True)
    before = {"v_leak": 560, "enable_spike_output": True}
    seen = []

    def just_before(config):
        seen.append((int(config.v_leak[0]), int(config.enable_spike_output.sum())))
        return config.replace(i_leak=config.i_leak * 2)

    hooks = ExecutionInstanceHooks(
        pre_static_config=before,
        pre_realtime=just_before,
        inside_realtime=[TimedWrite(8_000, {"v_leak": 700}), TimedWrite(4_000, {"v_leak": 630})],
        post_realtime={"v_leak": 5},
    )
    with open_session(fidelity="ideal") as session:
        result = run(ChipConfiguration(), graph, NetworkInputs(RUNTIME, 2), hooks)
        left = session.connection.configuration
        one_by_one = [
            run(ChipConfiguration(), graph, NetworkInputs(RUNTIME, 1), [{"v_leak": leak, "i_leak": 316}]).cadc[0].values
            for leak in (560, 630, 700)
        ]
    assert seen == [(560, 4)]
    assert (left.v_leak == 5).all()
    assert (left.i_leak == 316).all()
    samples = result.cadc[0]
    for (start, stop), alone in zip(((0, 4_000), (6_000, 8_000), (10_000, RUNTIME)), one_by_one, strict=True):
        here = samples.values[(samples.times >= start) & (samples.times < stop)]
        assert len(here) > 5
        np.testing.assert_allclose(here.mean(0), alone.mean(0), atol=1.5)


def experiment(**flags):
    """Five sources that excite, each one of five neurons, and fire every 40 us."""
    builder = NetworkBuilder()
    inputs = builder.add(ExternalPopulation(5))
    layer = builder.add(Population(np.arange(5), **flags))
    for _ in range(3):
        builder.add(Projection(inputs, layer, np.eye(5, dtype=int) * 63, np.eye(5, dtype=bool)))
    network = builder.done()
    graph = build_network_graph(network, build_routing(network))
    times = np.repeat(np.arange(4) * 2500 + 500, 5)
    trains = SpikeTrains(times, np.tile(np.arange(5), 4), np.zeros(20, int))
    return graph, layer, NetworkInputs(RUNTIME, 1, {inputs: trains})


CONFIG = ChipConfiguration(enable_threshold=True, v_threshold=253)


def spikes_with(writes):
    graph, layer, inputs = experiment()
    hooks = ExecutionInstanceHooks(inside_realtime=[TimedWrite(5_000, write) for write in writes])
    with open_session(fidelity="ideal", imperfections={"membrane_noise": False, "run_offset": False}):
        result = run(CONFIG, graph, inputs, hooks)
    spikes = extract_spikes(result, graph, RUNTIME)[layer]
    assert set(spikes.indices[spikes.times < 5_000].tolist()) == set(range(5))
    return spikes, result


@pytest.mark.parametrize(
    "write",
    [
        {"weight": 0},
        {"row_mode": 0},
        {"label": 63},
        {"i_synapse_dac_bias": 0},
        {"i_synin_exc_gm": 0},
        {"enable_synin_exc": False},
        {"v_threshold": 600},
        {"v_leak": 400},
        {"enable_threshold": False},
        {"enable_spike_output": False},
        {"enable_receiver": False},
        {"crossbar_mask": 0, "crossbar_target": 0x3FFF},
        {"membrane_capacitance": 63, "i_leak": 1022, "leak_multiply": True},
        {"enable_stp": True, "v_stp": 0, "stp_offset": 0},
    ],
    ids=lambda write: next(iter(write)),
)
def test_what_makes_neurons_fire_can_be_taken_away_during_a_run(write):
    spikes, result = spikes_with([write])
    assert spikes.times.max() < 5_000
    info = result.info
    assert info.events_forwarded[8:12].sum() + info.events_dropped[8:12].sum() == 20


def test_neurons_are_known_by_the_addresses_that_they_had():
    """Two neurons of one crossbar input change their addresses."""
    spikes, _ = spikes_with([{}])
    addresses = np.arange(512) % 256
    for write in ({"event_address": addresses[::-1].copy()}, {"event_address": (addresses + 1) % 256}):
        graph, _, inputs = experiment()
        hooks = ExecutionInstanceHooks(inside_realtime=[TimedWrite(5_000, write)])
        with open_session(fidelity="ideal", imperfections={"membrane_noise": False, "run_offset": False}):
            result = run(CONFIG, graph, inputs, hooks)
        late = result.spikes.times >= 5_000
        assert late.sum() == (spikes.times >= 5_000).sum() > 0
        assert set(result.spikes.neurons[late].tolist()) == set(range(5))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: TimedWrite(5, {"nonsense": 1}), ConfigurationError, "nonsense"),
        (lambda: TimedWrite(5, {"v_leak": 1023}), ConfigurationError, "v_leak"),
        (lambda: program([lambda config: None]), ProgramError, "NoneType back"),
        (lambda: program([{"v_leak": -1}]), ConfigurationError, "v_leak"),
        (
            lambda: SpikingProgram(
                ChipConfiguration(), 5, InputEvents.silence(), Recording(), (TimedWrite(5, {"v_leak": 1}),)
            ),
            ProgramError,
            r"cycle 5, wanted times in \[0, 5\)",
        ),
    ],
)
def test_hooks_that_no_chip_can_take_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_one_hook_needs_no_sequence():
    for hook in ({"v_leak": 700}, lambda configuration: configuration.replace(v_leak=700)):
        assert (program(hook).configuration.v_leak == 700).all()
    for hook in (5, [5], "v_leak"):
        with pytest.raises(ProgramError, match="wanted registers by name or a function"):
            program(hook)
