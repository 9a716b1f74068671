"""Several networks that hand spikes to each other, on one chip in turn or on several at once."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from hxtorch.core.arguments import checked
from hxtorch.core.errors import ProgramError
from hxtorch.core.networks.network import PopulationDescriptor
from hxtorch.core.networks.populations import ExternalPopulation
from hxtorch.core.runs.execution import program_of
from hxtorch.core.runs.graph import NetworkGraph
from hxtorch.core.runs.hooks import ExecutionInstanceHooks, PlaybackHook
from hxtorch.core.runs.inputs import NetworkInputs, SpikeTrains
from hxtorch.core.runs.observables import extract_spikes
from hxtorch.core.runs.sequence import run_in_sequence
from hxtorch.core.seam.configuration import ChipConfiguration
from hxtorch.core.seam.integers import legal_integer
from hxtorch.core.seam.results import SpikingResult
from hxtorch.core.sessions.session import Session, current_session

Key = TypeVar("Key", bound=Hashable)


@checked
@dataclass(frozen=True)
class Origin:
    """Spikes that one network gets from another.

    Attributes:
        instance: Key of the execution that sends.
        population: Population of its network, which records its spikes.
        delay: Cycles of 8 ns by which spikes arrive later; those that arrive after the run are lost.
    """

    instance: Hashable
    population: PopulationDescriptor
    delay: int = 0


@checked
@dataclass(frozen=True, eq=False)
class Execution:
    """One network and where it runs.

    Attributes:
        config: Registers below the network, as for :func:`~hxtorch.core.run`.
        network_graph: The routed network.
        inputs: Spikes from the host.
        origins: Where external populations get their spikes instead.
        playback_hooks: What else to write.
        session: Where to run, or None for the current session.
        entry_wait: Cycles of 8 ns between batch entries that run one after the other; None for independent ones.
    """

    config: ChipConfiguration
    network_graph: NetworkGraph
    inputs: NetworkInputs
    origins: Mapping[PopulationDescriptor, Origin] = field(default_factory=dict)
    playback_hooks: ExecutionInstanceHooks | PlaybackHook | Sequence[PlaybackHook] | None = None
    session: Session | None = None
    entry_wait: int | None = None


@checked
def run_executions(executions: Mapping[Key, Execution]) -> dict[Key, SpikingResult]:
    """Run networks in the order in which spikes go from one to the next.

    Those of one session have the results of running in turn, always in the same order, and those of different sessions
    run at the same time. So do those of one session where its chip can, as far as none waits for spikes of another.

    Args:
        executions: By any key.

    Returns:
        What each recorded, in the order given.

    Raises:
        ProgramError: An origin is unknown, does not record spikes or has another size, networks wait for each other in
            a circle, or runtimes or batch sizes do not agree; and what :func:`~hxtorch.core.run` raises.
        NoConnectionError: No chip is connected.
    """
    for key, execution in executions.items():
        if execution.origins:
            _check(key, execution, executions)
        elif len(executions) == 1:  # nobody waits for anybody
            (result,) = _run([key], execution.session or current_session(), executions, {})
            return {key: result}
    order = _order(executions)
    sessions = {key: executions[key].session or current_session() for key in order}
    done: dict[Key, Future[SpikingResult]] = {key: Future() for key in order}
    queues = {id(session): [key for key in order if sessions[key] is session] for session in sessions.values()}

    def work(keys: list[Key]) -> None:
        try:
            for together in _independent(keys, executions):
                results = _run(together, sessions[keys[0]], executions, done)
                for key, result in zip(together, results, strict=True):
                    done[key].set_result(result)
        except BaseException as error:  # whoever waits for one of them has to know
            for key in keys:
                if not done[key].done():
                    done[key].set_exception(error)

    if len(queues) < 2:
        work(order)
    else:
        with ThreadPoolExecutor(len(queues)) as pool:
            for keys in queues.values():
                pool.submit(work, keys)
    return {key: done[key].result() for key in executions}


def _independent(keys: Sequence[Key], executions: Mapping[Key, Execution]) -> Iterator[list[Key]]:
    """Yield keys that follow each other and do not wait for each other, those with waits between entries alone.

    They may also wait for each other by way of an execution on another chip.
    """
    together: list[Key] = []
    for key in keys:
        alone = executions[key].entry_wait is not None
        if together and (alone or not _senders(key, executions).isdisjoint(together)):
            yield together
            together = []
        together.append(key)
        if alone:
            yield together
            together = []
    if together:
        yield together


def _senders(key: Key, executions: Mapping[Key, Execution]) -> set[Any]:
    """Return all whose spikes reach an execution, also through others."""
    found: set[Any] = set()
    waiting: list[Any] = [key]
    while waiting:
        senders = {origin.instance for origin in executions[waiting.pop()].origins.values()} - found
        found |= senders
        waiting += senders
    return found


def _run(
    keys: Sequence[Any],
    session: Session,
    executions: Mapping[Any, Execution],
    done: Mapping[Any, Future[SpikingResult]],
) -> list[SpikingResult]:
    """Run what does not wait for each other."""
    first = executions[keys[0]]
    if first.entry_wait is not None and first.inputs.batch_size > 1:
        inputs, hooks = _inputs(first, executions, done), first.playback_hooks
        return [run_in_sequence(first.config, first.network_graph, inputs, hooks, first.entry_wait, session)]
    chosen = [executions[key] for key in keys]
    programs = [
        program_of(one.config, one.network_graph, _inputs(one, executions, done), one.playback_hooks) for one in chosen
    ]
    return [session.run_spiking(programs[0])] if len(programs) == 1 else session.run_spiking_all(programs)


def _inputs(
    execution: Execution, executions: Mapping[Any, Execution], done: Mapping[Any, Future[SpikingResult]]
) -> NetworkInputs:
    """Return the spikes that an execution gets from the host and from others."""
    if not execution.origins:
        return execution.inputs
    inputs, trains = execution.inputs, dict(execution.inputs.trains)
    for descriptor, origin in execution.origins.items():
        graph, runtime = executions[origin.instance].network_graph, inputs.runtime
        spikes = extract_spikes(done[origin.instance].result(), graph, runtime)[origin.population]
        times = spikes.times + origin.delay
        arrive = np.flatnonzero(times < runtime)
        trains[descriptor] = SpikeTrains(times[arrive], spikes.indices[arrive], spikes.batches[arrive])
    return replace(inputs, trains=trains)


def _order(executions: Mapping[Key, Execution]) -> list[Key]:
    """Return senders before receivers, else in the order given.

    Raises:
        ProgramError: There is a circle.
    """
    order: list[Key] = []
    while len(order) < len(executions):
        ready = [
            key
            for key, execution in executions.items()
            if key not in order and all(origin.instance in order for origin in execution.origins.values())
        ]
        if not ready:
            circle = ", ".join(repr(key) for key in executions if key not in order)
            raise ProgramError(
                f"executions {circle}: each waits for spikes of another; spikes go one way between runs, so put "
                "networks that hear each other on one chip"
            )
        order.append(ready[0])
    return order


def _check(key: Any, execution: Execution, executions: Mapping[Any, Execution]) -> None:
    for descriptor, origin in execution.origins.items():
        receiver = execution.network_graph.network.populations.get(descriptor)
        if not isinstance(receiver, ExternalPopulation):
            raise ProgramError(f"execution {key!r}: {descriptor} is no external population of its network")
        what = f"execution {key!r}: inputs {receiver.name!r}"
        if descriptor in execution.inputs.trains:
            raise ProgramError(f"{what} get spikes from the host and from execution {origin.instance!r}; wanted one")
        sender = executions.get(origin.instance)
        if sender is None:
            raise ProgramError(f"{what}: got the unknown origin {origin.instance!r}, wanted one of {list(executions)}")
        population = sender.network_graph.network.populations.get(origin.population)
        if population is None or not population.record_spikes or population.size != receiver.size:
            raise ProgramError(
                f"{what}: wanted {receiver.size} neurons of execution {origin.instance!r} whose spikes are recorded"
            )
        legal_integer(f"{what}: delay in cycles", origin.delay, 0)
        if sender.inputs.batch_size != execution.inputs.batch_size:
            raise ProgramError(
                f"{what}: execution {origin.instance!r} runs {sender.inputs.batch_size} batch entries, wanted "
                f"{execution.inputs.batch_size}"
            )
