"""Say which layer does not fit and what would."""

from __future__ import annotations

import numpy as np

from bss2_emulator.facts.constants import BUSES, DRIVERS, NEURONS
from hxtorch.core.errors import RoutingError
from hxtorch.core.networks.populations import Population
from hxtorch.core.routing.demand import Demand

MAX_INPUTS = DRIVERS  # signed inputs of a circuit: 256 rows in pairs
MAX_INPUTS_PER_BUS = DRIVERS // BUSES
_ADVICE = "let hxtorch.core.fit_report(network) find the smallest change that fits"


class NoLabelError(RoutingError):
    """A router has drivers left for a source, and no label."""


def check_fan_in(demand: Demand) -> None:
    """Refuse a network in which a neuron has too many inputs, whatever the router does.

    Raises:
        RoutingError: A neuron has more than 128 signed inputs for each of its circuits, or more than 32 from neurons on
            one PADI bus.
    """
    fan_in = demand.fan_out.sum(0)
    neuron = int((fan_in / demand.circuits).argmax())
    limit = MAX_INPUTS * int(demand.circuits[neuron])
    if fan_in[neuron] > limit:
        raise RoutingError(
            f"{_layer(demand, neuron)}: a neuron has {fan_in[neuron]} signed inputs "
            f"({_inputs(demand, demand.fan_out, neuron)}), wanted at most {limit}, of two synapse rows each"
            f"{_of(demand, neuron)}; leave out {fan_in[neuron] - limit} inputs or "
            f"{_more_circuits(demand, neuron, -(-int(fan_in[neuron]) // MAX_INPUTS))}"
        )
    for bus in range(4):
        from_bus = demand.fan_out[demand.buses == bus].sum(0)
        neuron = int((from_bus / demand.circuits).argmax())
        limit = MAX_INPUTS_PER_BUS * int(demand.circuits[neuron])
        if from_bus[neuron] > limit:
            columns = ", ".join(f"{32 * bus + start}..{32 * bus + start + 31}" for start in (0, 128))
            inputs = _inputs(demand, demand.fan_out * (demand.buses == bus)[:, None], neuron)
            raise RoutingError(
                f"{_layer(demand, neuron)}: a neuron has {from_bus[neuron]} inputs from neurons in columns {columns}, "
                f"which share a PADI bus ({inputs}), wanted at most {limit}{_of(demand, neuron)}; spread the source "
                "population over other columns by a placement constraint or leave out "
                f"{from_bus[neuron] - limit} inputs"
            )


def does_not_fit(demand: Demand, source: int, labels_exhausted: bool, labels: int) -> RoutingError:
    """Describe the first source that the router found no place for.

    Args:
        demand: Of the network.
        source: Number of the source.
        labels_exhausted: Whether rows are left and only labels are not.
        labels: How many labels the router has.
    """
    network = demand.network
    descriptor = max((start, descriptor) for descriptor, start in demand.first.items() if start <= source)[1]
    name, index = network.populations[descriptor].name, source - demand.first[descriptor]
    if labels_exhausted:
        return NoLabelError(
            f"population {name!r}: no label is left for source {index}: each of the four PADI buses tells "
            f"{labels // 4} sources apart, neurons with recorded spikes included; {_ADVICE}"
        )
    targets = [
        f"{projection.name!r} to {network.populations[projection.post].name!r}"
        for projection in network.projections.values()
        if projection.pre == descriptor
    ]
    return RoutingError(
        f"population {name!r}: no synapse row is left for source {index} (projection {', '.join(targets)}): its target "
        f"neurons have no driver left that hears it; spread the populations over other columns, or {_ADVICE}"
    )


def _of(demand: Demand, neuron: int) -> str:
    circuits = int(demand.circuits[neuron])
    return f" in its {circuits} circuits" if circuits > 1 else ""


def _more_circuits(demand: Demand, neuron: int, circuits: int) -> str:
    """Say how to give each neuron of the layer so many circuits, which may be more than a chip has."""
    size, columns = _population(demand, neuron).size, -(-circuits // 2)  # in both halves of a block of 128
    fit = 2 * (128 // columns) if circuits > 1 else NEURONS
    if size <= fit:
        return f"give it {circuits} circuits"
    if not fit:
        return "spread them over several layers"
    return (
        f"give it {circuits} circuits: {fit} such neurons fit on a chip, so cut the layer of {size} into "
        f"{-(-size // fit)} or more, each on an execution instance of its own"
    )


def _layer(demand: Demand, neuron: int) -> str:
    return f"population {_population(demand, neuron).name!r}"


def _population(demand: Demand, neuron: int) -> Population:
    for population in demand.network.populations.values():
        if isinstance(population, Population) and neuron in population.neurons:
            return population
    raise AssertionError(neuron)


def _inputs(demand: Demand, fan_out: np.ndarray, neuron: int) -> str:
    """List how many inputs of ``neuron`` come from which population."""
    counts = [
        (population.name, int(fan_out[demand.of(descriptor), neuron].sum()))
        for descriptor, population in demand.network.populations.items()
    ]  # names may occur twice
    return ", ".join(f"{count} from {name!r}" for name, count in counts if count)
