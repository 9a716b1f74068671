"""What of an experiment's network goes on which chip: populations, the spikes that come from outside, and synapses."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

import networkx as nx
import numpy as np

from hxtorch.spiking.chip.execution_instance import ExecutionInstance
from hxtorch.spiking.errors import CircleError, ExperimentError
from hxtorch.spiking.modules.neurons.analog import AnalogNeuron
from hxtorch.spiking.modules.neurons.source import InputNeuron
from hxtorch.spiking.modules.synapses.bias import Background
from hxtorch.spiking.modules.types import BasePopulation, Projection
from hxtorch.spiking.network.calls import Step
from hxtorch.spiking.network.graph import ModuleGraph
from hxtorch.spiking.network.handle import Handle


class _Kinds(dict[type, "type | None"]):
    """What the modules of a class are on a chip: abstract classes take their time to say so, in each run."""

    def __missing__(self, of: type) -> type | None:
        kinds: tuple[type, ...] = AnalogNeuron, InputNeuron, Projection
        self[of] = found = next((kind for kind in kinds if issubclass(of, kind)), None)
        return found


_KINDS = _Kinds()


@dataclass(frozen=True, eq=False)
class Source:
    """Spikes that come from outside of a chip.

    Attributes:
        handle: Holds them; or will, if they come from another chip.
        size: Number of sources.
        population: The module whose spikes they are, or None for inputs that a synapse reads directly.
        reader: A synapse that reads them.
    """

    handle: Handle
    size: int
    population: BasePopulation | None
    reader: Projection

    @property
    def loopback(self) -> bool:
        """Whether the chip sends them back."""
        population = self.population
        return (
            population is not None
            and isinstance(population, InputNeuron)
            and bool(population.execution_instance.input_loopback)
        )


@dataclass(frozen=True, eq=False)
class Wire:
    """Synapses of one projection between two populations."""

    projection: Projection | Background
    pre: Source | AnalogNeuron
    post: AnalogNeuron


@dataclass
class Plan:
    """One execution instance's share of a network."""

    instance: ExecutionInstance
    populations: list[AnalogNeuron] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)
    shifts: dict[AnalogNeuron, np.ndarray] = field(default_factory=dict)
    """By how much leaks are shifted, LSB (neuron,)."""
    values: list[Any] = field(default_factory=list)
    """What the chip is calibrated to, by population; known with the signature."""

    def signature(self) -> Hashable:
        """Return what placing and routing depend on; plans with equal signatures differ in values only."""
        states = [population.state_in_run() for population in self.populations]
        self.values = [state[-1] for state in states]
        populations = [(population, state[0]) for population, state in zip(self.populations, states, strict=True)]
        sources = [(source.size, source.population, source.loopback) for source in self.sources]
        ends: list[Source | AnalogNeuron] = [*self.sources, *self.populations]
        wires = [(wire.projection, wire.projection.state(), ends.index(wire.pre), wire.post) for wire in self.wires]
        return (*populations,), (*sources,), (*wires,)


def make_plans(graph: ModuleGraph) -> list[Plan]:
    """Divide a network among its execution instances.

    Returns:
        Plans in an order in which they can run.

    Raises:
        ExperimentError: A neuron gets its input from no synapse, a synapse and its target name different instances, or
            instances depend on each other in a circle.
    """
    plans: dict[ExecutionInstance, Plan] = {}
    for node in graph:
        if _KINDS[type(node.module)] is AnalogNeuron:
            instance = node.module.execution_instance
            plan = plans.get(instance)
            if plan is None:
                plan = plans[instance] = Plan(instance)
            plan.populations.append(node.module)
            for handle in node.sources:
                _add_wire(graph, plan, node.module, handle)
    return _ordered(list(plans.values()))


def _add_wire(graph: ModuleGraph, plan: Plan, post: AnalogNeuron, handle: Handle) -> None:
    synapse = _through_functions(graph, handle)
    if synapse is None or _KINDS[type(synapse.module)] is not Projection:
        raise ExperimentError(f"{post.label}: its input comes from no synapse; a chip has no other way into a neuron")
    if synapse.module.execution_instance not in (None, plan.instance):
        raise ExperimentError(f"{synapse.module.label}: got another execution instance than its target {post.label}")
    (spikes,) = synapse.sources
    pre = _origin(graph, spikes, synapse.module)
    if not isinstance(pre, Source) and pre.execution_instance is not plan.instance:
        pre = Source(spikes, pre.size, pre, synapse.module)
    if isinstance(pre, Source):
        pre = _known(plan, pre)
    synapse.module.reaches(post)
    plan.wires.append(Wire(synapse.module, pre, post))


def _known(plan: Plan, new: Source) -> Source:
    """Return the source of a plan that has the handle of ``new``, which becomes one if there is none."""
    for source in plan.sources:
        if source.handle is new.handle:
            return source
    plan.sources.append(new)
    return new


def _origin(graph: ModuleGraph, handle: Handle, synapse: Projection) -> Source | AnalogNeuron:
    """Return where the spikes in ``handle`` come from, looking through functions that the chip does not see."""
    node = _through_functions(graph, handle)
    if node is None:
        return Source(handle, synapse.in_features, None, synapse)
    kind = _KINDS[type(node.module)]
    if kind is AnalogNeuron:
        return node.module  # type: ignore[no-any-return]
    if kind is InputNeuron:
        (sent,) = node.sources
        return Source(sent, node.module.size, node.module, synapse)
    raise ExperimentError(f"{synapse.label}: got the output of {node.module.label}, wanted spikes")


def _through_functions(graph: ModuleGraph, handle: Handle) -> Step | None:
    """Return the call of a population or projection that ``handle`` stems from, or None for an input of the network.

    Raises:
        ExperimentError: A function between has several of them.
    """
    if handle.observable_state is not None:  # an input, or computed before the chip runs
        return None
    node = graph.call_for(handle)
    while node is not None and node.module.on_host:
        makers = [graph.call_for(source) for source in node.sources if source.observable_state is None]
        if len(makers) > 1:
            raise ExperimentError(
                f"{node.module.label}: a function of {len(makers)} layers that a chip would have to compute; hand all "
                "synapses to the neurons, as in neuron(a(x), b(y)), or join spikes after the run"
            )
        node = makers[0] if makers else None
    return node


def _ordered(plans: list[Plan]) -> list[Plan]:
    """Sort plans so that spikes from other instances are there when they are needed."""
    if len(plans) < 2:
        return plans
    share = {plan.instance: plan for plan in plans}
    order = nx.DiGraph()
    order.add_nodes_from(share)
    order.add_edges_from((sender, plan.instance) for plan in plans for sender in _needs(plan))
    rank = {instance: index for index, instance in enumerate(share)}
    try:
        return [share[instance] for instance in nx.lexicographical_topological_sort(order, key=rank.__getitem__)]
    except nx.NetworkXUnfeasible:
        raise CircleError(
            "execution instances need each other's spikes in a circle; cut the network elsewhere"
        ) from None


def _needs(plan: Plan) -> set[ExecutionInstance]:
    return {
        source.population.execution_instance for source in plan.sources if isinstance(source.population, AnalogNeuron)
    }
