"""Run a routed network on a chip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hxtorch.core.arguments import checked
from hxtorch.core.backends.exchange import run_spiking
from hxtorch.core.errors import ProgramError
from hxtorch.core.interfaces import Connection
from hxtorch.core.runs.graph import NetworkGraph
from hxtorch.core.runs.hooks import ExecutionInstanceHooks, PlaybackHook
from hxtorch.core.runs.inputs import NetworkInputs, labelled
from hxtorch.core.seam.configuration import ChipConfiguration
from hxtorch.core.seam.programs import InputEvents, SpikingProgram
from hxtorch.core.seam.results import SpikingResult
from hxtorch.core.sessions.session import Session, current_session
from hxtorch.core.vocabulary.chip import Chip


@checked
def run(
    config: ChipConfiguration | Chip,
    network_graph: NetworkGraph,
    inputs: NetworkInputs | InputEvents,
    playback_hooks: ExecutionInstanceHooks | PlaybackHook | Sequence[PlaybackHook] | None = None,
    *,
    runtime: int | None = None,
    session: Session | None = None,
    connection: Connection | None = None,
) -> SpikingResult:
    """Run a network once for each batch entry of its inputs.

    Args:
        config: Registers below the network: analog cells from a calibration, what the neuron models set; also as the
            face by which scripts change them.
        network_graph: The routed network; its registers are written over ``config``.
        inputs: Spikes by population, or events that are labelled already.
        playback_hooks: What else to write before, during and after the run; one hook or a sequence of them is written
            just before, in order.
        runtime: Cycles of 8 ns; needed with labelled events, else taken from ``inputs``.
        session: Where to run, or None for the current session.
        connection: Where to run instead, beside all sessions.

    Returns:
        What was recorded.

    Raises:
        NoConnectionError: No chip is connected.
        BackendError: The backend failed, or returned what can not be a result.
        ConfigurationError: A hook writes what no chip has.
        ProgramError: A spike or a timed write lies outside the run, no runtime is given, or the chip cannot write these
            registers during a run.
    """
    program = program_of(config, network_graph, inputs, playback_hooks, runtime)
    if connection is not None:
        return run_spiking(connection, program)
    return (session or current_session()).run_spiking(program)


def program_of(
    config: ChipConfiguration | Chip,
    network_graph: NetworkGraph,
    inputs: NetworkInputs | InputEvents,
    playback_hooks: ExecutionInstanceHooks | PlaybackHook | Sequence[PlaybackHook] | None = None,
    runtime: int | None = None,
) -> SpikingProgram:
    """Return the program that :func:`run` runs; arguments are those of it."""
    if isinstance(config, Chip):
        config = config.configuration
    if isinstance(inputs, NetworkInputs):
        if runtime is not None and runtime != inputs.runtime:
            raise ProgramError(f"runtime: got {runtime} cycles, but the inputs are made for {inputs.runtime}")
        runtime, inputs = inputs.runtime, labelled(network_graph, inputs)
    if runtime is None:
        raise ProgramError("runtime: wanted a number of cycles beside labelled events")
    return make_program(config, network_graph, inputs, playback_hooks, runtime)


def make_program(
    config: ChipConfiguration,
    network_graph: NetworkGraph,
    events: InputEvents,
    playback_hooks: ExecutionInstanceHooks | PlaybackHook | Sequence[PlaybackHook] | None,
    runtime: int,
) -> SpikingProgram:
    """Return the program of labelled events."""
    hooks = playback_hooks
    if hooks is None:
        return SpikingProgram(network_graph.configure(config), runtime, events, network_graph.recording)
    if not isinstance(hooks, ExecutionInstanceHooks):
        hooks = ExecutionInstanceHooks(pre_realtime=hooks)
    configuration = network_graph.configure(hooks.apply("pre_static_config", config))
    program = SpikingProgram(
        hooks.apply("pre_realtime", configuration),
        runtime,
        events,
        network_graph.recording,
        tuple(hooks.inside_realtime),
    )
    left = program.final_configuration
    after = hooks.apply("post_realtime", left)
    if after is left:
        return program
    changed = {name: array for name, array in after.registers().items() if array is not getattr(left, name)}
    return replace(program, registers_after=changed) if changed else program
