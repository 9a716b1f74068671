"""A routed network as registers, and the way back from neurons and labels to populations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from hxtorch.core.configuration import ChipConfiguration
from hxtorch.core.errors import RoutingError
from hxtorch.core.network import (
    ExternalPopulation,
    Network,
    Population,
    PopulationDescriptor,
    Projection,
)
from hxtorch.core.programs import Recording
from hxtorch.core.routing import LOOPBACK_BIT, ROW_SELECT_MASK, Routing, event_outputs

_DROP_ALL = (0, 0x3FFF)
_PASS_ALL = (0, 0)


@dataclass(frozen=True, eq=False)
class NetworkGraph:
    """A routed network.

    Attributes:
        network: What was routed.
        routing: Labels and places.
        registers: Registers that follow from the routing, the weights not among them.
        weight: The register ``weight``, uint8 (2, 256, 256).
        recording: What to record.
        population_of: Value of the descriptor of the population that each neuron belongs to, int64 (512,), or -1.
        index_of: Position of each neuron in its population, int64 (512,).
    """

    network: Network
    routing: Routing
    registers: Mapping[str, np.ndarray]
    weight: np.ndarray
    recording: Recording
    population_of: np.ndarray
    index_of: np.ndarray

    def configure(self, base: ChipConfiguration) -> ChipConfiguration:
        """Return ``base`` with this network on it.

        Synapses, drivers, crossbar, event addresses and spike outputs are set; analog cells and all else that a
        calibration or a neuron model sets (``enable_threshold`` among it) stay as they are.
        """
        return base.replace(**self.registers, weight=self.weight)

    def external_labels(self, population: PopulationDescriptor) -> np.ndarray:
        """Return the 16-bit label of each source of an external population, uint16 (size,)."""
        return self.routing.external_labels[population]


def build_network_graph(network: Network, routing: Routing) -> NetworkGraph:
    """Turn a network and its routing into registers."""
    population_of, index_of = np.full(512, -1, np.int64), np.zeros(512, np.int64)
    cadc_neurons, madc_neuron = [np.empty(0, np.int64)], None
    for descriptor, population in network.populations.items():
        if not isinstance(population, Population):
            continue
        population_of[population.neurons] = descriptor.value
        index_of[population.neurons] = np.arange(population.size)
        if population.record_cadc:
            cadc_neurons.append(population.neurons)
        if population.madc_index is not None:
            madc_neuron = int(population.neurons[population.madc_index])
    recording = Recording(np.concatenate(cadc_neurons), network.cadc.acausal, network.cadc.in_dram, madc_neuron)
    registers = _registers(network, routing)
    return NetworkGraph(network, routing, registers, _weights(network, routing), recording, population_of, index_of)


def update_network_graph(graph: NetworkGraph, network: Network) -> NetworkGraph:
    """Return ``graph`` with the weights of ``network``; nothing is routed again and all but weights is shared.

    Raises:
        RoutingError: More than weights differs; build a routing instead.
    """
    difference = _difference(graph.network, network)
    if difference is not None:
        raise RoutingError(f"{difference} differs from the routed network; call build_routing and build_network_graph")
    return replace(graph, network=network, weight=_weights(network, graph.routing))


def _weights(network: Network, routing: Routing) -> np.ndarray:
    """Put all weights in their places: positive ones in the upper, negative ones in the lower row of a driver."""
    flat = np.concatenate([np.zeros(1, np.int8), *(p.weights.reshape(-1) for p in network.projections.values())])
    signed = flat.take(routing.places)
    weight = np.empty((2, 256, 256), np.uint8)
    weight[:, 1::2] = np.maximum(signed, 0)
    weight[:, 0::2] = np.maximum(np.negative(signed, out=signed), 0)
    weight.setflags(write=False)
    return weight


def _registers(network: Network, routing: Routing) -> dict[str, np.ndarray]:
    used = (routing.places > 0).any(2)
    row_mode = np.zeros((2, 256), np.uint8)
    row_mode[:, 1::2] = np.where(used, 1, 0)
    row_mode[:, 0::2] = np.where(used, 2, 0)
    mask, target = np.zeros((20, 12), np.uint16), np.zeros((20, 12), np.uint16)
    mask[:], target[:] = _DROP_ALL
    for node in np.argwhere(routing.feeds):
        node = (node[0], 4 * node[1] + node[0] % 4)
        mask[tuple(node)], target[tuple(node)] = _PASS_ALL
    for descriptor, population in network.populations.items():
        if not population.record_spikes:
            continue
        if isinstance(population, Population):
            outputs = event_outputs(population.neurons)
            mask[outputs, 8 + outputs % 4], target[outputs, 8 + outputs % 4] = _PASS_ALL
        else:
            links = routing.external_labels[descriptor] >> 14
            mask[8 + links, 8 + links] = target[8 + links, 8 + links] = LOOPBACK_BIT
    registers = {
        "label": np.repeat(routing.synapse_labels, 2, axis=1),
        "row_mode": row_mode,
        "row_select_mask": np.full((2, 128), ROW_SELECT_MASK, np.uint8),
        "enable_hagen_modulation": np.zeros((2, 128), np.bool_),
        "event_address": np.maximum(routing.event_addresses, 0).astype(np.uint8),
        "enable_spike_output": routing.event_addresses >= 0,
        "crossbar_mask": mask,
        "crossbar_target": target,
    }
    for array in registers.values():
        array.setflags(write=False)
    return registers


def _difference(old: Network, new: Network) -> str | None:
    """Name the first part that differs in more than weights."""
    if list(old.populations) != list(new.populations) or list(old.projections) != list(new.projections):
        return "the number of populations or projections"
    for one, other in zip(old.populations.values(), new.populations.values(), strict=True):
        if one is not other and not _same_population(one, other):
            return f"population {other.name!r}"
    for before, after in zip(old.projections.values(), new.projections.values(), strict=True):
        if before is not after and not _same_synapses(before, after):
            return f"projection {after.name!r}"
    return None if old.cadc == new.cadc else "the recording"


def _same_population(one: Population | ExternalPopulation, other: Population | ExternalPopulation) -> bool:
    if isinstance(one, Population) and isinstance(other, Population):
        flags = [(p.record_spikes, p.record_cadc, p.madc_index) for p in (one, other)]
        return flags[0] == flags[1] and np.array_equal(one.neurons, other.neurons)
    return (type(one), one.size, one.record_spikes) == (type(other), other.size, other.record_spikes)


def _same_synapses(one: Projection, other: Projection) -> bool:
    if (one.pre, one.post, one.weights.shape) != (other.pre, other.post, other.weights.shape):
        return False
    if one.mask is other.mask:
        return True
    return one.mask is not None and other.mask is not None and np.array_equal(one.mask, other.mask)
