"""Run a routed network on a chip."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hxtorch.core.configuration import ChipConfiguration
from hxtorch.core.errors import ProgramError
from hxtorch.core.inputs import NetworkInputs, encode
from hxtorch.core.interfaces import Connection
from hxtorch.core.network_graph import NetworkGraph
from hxtorch.core.programs import InputEvents, SpikingProgram
from hxtorch.core.results import SpikingResult
from hxtorch.core.session import Session, current_session

PlaybackHook = Callable[[ChipConfiguration], ChipConfiguration]


def run(
    config: ChipConfiguration,
    network_graph: NetworkGraph,
    inputs: NetworkInputs | InputEvents,
    playback_hooks: Sequence[PlaybackHook] | None = None,
    *,
    runtime: int | None = None,
    session: Session | None = None,
    connection: Connection | None = None,
) -> SpikingResult:
    """Run a network once for each batch entry of its inputs.

    Args:
        config: Registers below the network: analog cells from a calibration, what the neuron models set.
        network_graph: The routed network; its registers are written over ``config``.
        inputs: Spikes by population, or events that are labelled already.
        playback_hooks: Functions from registers to registers, applied in order just before the run.
        runtime: Cycles of 8 ns; needed with labelled events, else taken from ``inputs``.
        session: Where to run, or None for the current session.
        connection: Where to run instead, beside all sessions.

    Returns:
        What was recorded.

    Raises:
        NoConnectionError: No chip is connected.
        ProgramError: A spike lies outside the run, or no runtime is given.
    """
    if isinstance(inputs, NetworkInputs):
        if runtime is not None and runtime != inputs.runtime:
            raise ProgramError(f"runtime: got {runtime} cycles, but the inputs are made for {inputs.runtime}")
        runtime, inputs = inputs.runtime, encode(network_graph, inputs)
    if runtime is None:
        raise ProgramError("runtime: wanted a number of cycles beside labelled events")
    configuration = network_graph.configure(config)
    for hook in playback_hooks or ():
        configuration = hook(configuration)
    program = SpikingProgram(configuration, runtime, inputs, network_graph.recording)
    if connection is not None:
        return connection.spiking.run(program)
    return (session or current_session()).run_spiking(program)
