"""Registers written before, during and after a run: who wins, what is recorded, what stays on the chip."""

import numpy as np
import pytest

from hxtorch.core import (
    ChipConfiguration,
    ConfigurationError,
    ExecutionInstanceHooks,
    InputEvents,
    NetworkBuilder,
    NetworkInputs,
    Population,
    ProgramError,
    Recording,
    SpikingProgram,
    TimedWrite,
    build_network_graph,
    build_routing,
    open_session,
    run,
)
from hxtorch.core.execution import make_program
from hxtorch.core.interfaces import HoldsRegisters

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


def test_the_emulator_refuses_writes_that_would_lose_the_state_of_the_chip():
    hooks = ExecutionInstanceHooks(inside_realtime=[TimedWrite(5, {"v_leak": 5})])
    with open_session(fidelity="ideal") as session:
        with pytest.raises(ProgramError, match=r"'v_leak' at cycle 5: .*cadc_offset.*several runs"):
            run(ChipConfiguration(), graph_of(), NetworkInputs(RUNTIME), hooks)
        assert session.connection.run_counter == 0


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
