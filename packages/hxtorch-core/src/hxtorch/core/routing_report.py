"""Say which layer does not fit and what would."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hxtorch.core.errors import RoutingError
from hxtorch.core.network import Network, Population, PopulationDescriptor

MAX_INPUTS = 128  # signed inputs of a neuron: 256 rows in pairs
MAX_INPUTS_PER_BUS = 32
_ADVICE = "let hxtorch.core.fit_report(network) find the smallest change that fits"


def check_fan_in(
    network: Network, first: Mapping[PopulationDescriptor, int], buses: np.ndarray, fan_out: np.ndarray
) -> None:
    """Refuse a network in which a neuron has too many inputs, whatever the router does.

    Args:
        network: The network.
        first: Number of the first source of each population.
        buses: PADI bus of each source, int64 (sources,), -1 if free.
        fan_out: Number of synapses of each source on each neuron, (sources, 512).

    Raises:
        RoutingError: A neuron has more than 128 signed inputs, or more than 32 from neurons on one PADI bus.
    """
    fan_in = fan_out.sum(0)
    if fan_in.max(initial=0) > MAX_INPUTS:
        neuron = int(fan_in.argmax())
        raise RoutingError(
            f"{_layer(network, neuron)}: a neuron has {fan_in[neuron]} signed inputs "
            f"({_inputs(network, first, fan_out, neuron)}), wanted at most {MAX_INPUTS}, of two synapse rows each; "
            f"leave out {fan_in[neuron] - MAX_INPUTS} inputs"
        )
    for bus in range(4):
        from_bus = fan_out[buses == bus].sum(0)
        if from_bus.max(initial=0) > MAX_INPUTS_PER_BUS:
            neuron = int(from_bus.argmax())
            columns = ", ".join(f"{32 * bus + start}..{32 * bus + start + 31}" for start in (0, 128))
            inputs = _inputs(network, first, fan_out * (buses == bus)[:, None], neuron)
            raise RoutingError(
                f"{_layer(network, neuron)}: a neuron has {from_bus[neuron]} inputs from neurons in columns {columns}, "
                f"which share a PADI bus ({inputs}), wanted at most {MAX_INPUTS_PER_BUS}; spread the source population "
                f"over other columns by a placement constraint or leave out "
                f"{from_bus[neuron] - MAX_INPUTS_PER_BUS} inputs"
            )


def does_not_fit(
    network: Network, first: Mapping[PopulationDescriptor, int], source: int, labels_exhausted: bool
) -> RoutingError:
    """Describe the first source that the router found no place for.

    Args:
        network: The network.
        first: Number of the first source of each population.
        source: Number of the source.
        labels_exhausted: Whether rows are left and only labels are not.
    """
    descriptor = max((start, descriptor) for descriptor, start in first.items() if start <= source)[1]
    name, index = network.populations[descriptor].name, source - first[descriptor]
    if labels_exhausted:
        return RoutingError(
            f"population {name!r}: no label is left for source {index}: each of the four PADI buses tells 256 sources "
            f"apart, neurons with recorded spikes included; {_ADVICE}"
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


def _layer(network: Network, neuron: int) -> str:
    for population in network.populations.values():
        if isinstance(population, Population) and neuron in population.neurons:
            return f"population {population.name!r}"
    raise AssertionError(neuron)


def _inputs(network: Network, first: Mapping[PopulationDescriptor, int], fan_out: np.ndarray, neuron: int) -> str:
    """List how many inputs of ``neuron`` come from which population."""
    counts = {
        population.name: int(fan_out[first[descriptor] : first[descriptor] + population.size, neuron].sum())
        for descriptor, population in network.populations.items()
    }
    return ", ".join(f"{count} from {name!r}" for name, count in counts.items() if count)
