"""A routed network as registers, and the way back from neurons and labels to populations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from operator import is_

import numpy as np

from bss2_emulator.facts.constants import COLUMNS, DRIVERS, HEMISPHERES, NEURONS, NO_FORWARD, ROWS
from hxtorch.core.arguments import checked
from hxtorch.core.errors import RoutingError
from hxtorch.core.networks.morphology import SWITCHES
from hxtorch.core.networks.network import Network, PopulationDescriptor, Projection
from hxtorch.core.networks.populations import AnyPopulation, BackgroundPopulation, ExternalPopulation, Population
from hxtorch.core.routing.routes import LOOPBACK_BIT, Routing, event_outputs
from hxtorch.core.seam.configuration import ChipConfiguration
from hxtorch.core.seam.integers import frozen
from hxtorch.core.seam.programs import Recording

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
        population_of: Value of the descriptor of the population that each circuit belongs to, int64 (512,), or -1.
        index_of: Position of each circuit's neuron in its population, int64 (512,).
        silent: Circuits that must not fire, because another one fires for their neuron, bool (512,).
        spiking: For each population that records spikes, where each event of it comes from: the neuron in the
            population by neuron n, int64 (513,), or the source by label, int64 (65536,); -1 for those of others.
        sampled: For each population that records CADC samples and each hemisphere of ``recording.hemispheres``, which
            of the samples are of it and of which of its neurons, int64 both.
        written: Writes the registers beside weights; graphs share it that differ in weights.
    """

    network: Network
    routing: Routing
    registers: Mapping[str, np.ndarray]
    weight: np.ndarray
    recording: Recording
    population_of: np.ndarray
    index_of: np.ndarray
    silent: np.ndarray
    spiking: Mapping[PopulationDescriptor, np.ndarray]
    sampled: Mapping[PopulationDescriptor, tuple[tuple[np.ndarray, np.ndarray], ...]]
    written: Written = field(default_factory=lambda: Written(), repr=False)

    def configure(self, base: ChipConfiguration) -> ChipConfiguration:
        """Return ``base`` with this network on it.

        Synapses, drivers, crossbar, event addresses, spike outputs, switches between circuits and background generators
        are set; analog cells and all else that a calibration or a neuron model sets stay as they are, but
        ``enable_threshold`` is cleared where another circuit fires for the neuron.
        """
        return self.written.over(base, self)

    def external_labels(self, population: PopulationDescriptor) -> np.ndarray:
        """Return the 16-bit label of each source of an external population, uint16 (size,)."""
        return self.routing.external_labels[population]

    def background_labels(self, population: PopulationDescriptor) -> np.ndarray:
        """Return the 16-bit label by which the host knows each source of a background population, uint16 (size,)."""
        return _background_labels(self.routing, population)

    def columns_of(
        self, population: PopulationDescriptor, recorded: tuple[np.ndarray, ...]
    ) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        """Return which of some recorded neurons belong to a population, see ``sampled``."""
        asked = self.recording.hemispheres
        if len(recorded) == len(asked) and all(map(is_, recorded, asked)):
            return self.sampled[population]
        return _columns(population, self.population_of, self.index_of, recorded)


class Written:
    """Writes graphs that differ in weights over registers, and keeps the last of what it was given and made."""

    def __init__(self) -> None:
        self._base: ChipConfiguration | None = None
        self._below = self._all = ChipConfiguration()

    def over(self, base: ChipConfiguration, graph: NetworkGraph) -> ChipConfiguration:
        """Return ``base`` with ``graph`` on it: the same object as the last time if neither changed."""
        if self._base is not base:
            registers = dict(graph.registers)
            if graph.silent.any():
                registers["enable_threshold"] = base.enable_threshold & ~graph.silent
            self._base, self._below = base, base.replace(**registers)
            self._all = self._below
        if self._all.weight is not graph.weight:
            self._all = self._below.holding(weight=graph.weight)
        return self._all


@checked
def build_network_graph(network: Network, routing: Routing) -> NetworkGraph:
    """Turn a network and its routing into registers."""
    population_of, index_of = np.full(NEURONS, -1, np.int64), np.zeros(NEURONS, np.int64)
    silent = np.zeros(NEURONS, np.bool_)
    cadc_neurons, madc_neuron = [np.empty(0, np.int64)], None
    for descriptor, population in network.populations.items():
        if not isinstance(population, Population):
            continue
        population_of[population.circuits] = descriptor.value
        index_of[population.circuits] = np.arange(population.size)[:, np.newaxis]
        silent[population.circuits[:, 1:]] = True
        if population.record_cadc:
            cadc_neurons.append(population.neurons)
        if population.madc_index is not None:
            madc_neuron = int(population.neurons[population.madc_index])
    recording = Recording(np.concatenate(cadc_neurons), network.cadc.acausal, network.cadc.in_dram, madc_neuron)
    registers = _registers(network, routing)
    weight = _weights(network, routing)
    spiking = {
        descriptor: _indices(descriptor, population, routing, population_of, index_of)
        for descriptor, population in network.populations.items()
        if population.record_spikes
    }
    sampled = {
        descriptor: _columns(descriptor, population_of, index_of, recording.hemispheres)
        for descriptor, population in network.populations.items()
        if isinstance(population, Population) and population.record_cadc
    }
    return NetworkGraph(
        network, routing, registers, weight, recording, population_of, index_of, silent, spiking, sampled
    )


def _indices(
    descriptor: PopulationDescriptor,
    population: AnyPopulation,
    routing: Routing,
    population_of: np.ndarray,
    index_of: np.ndarray,
) -> np.ndarray:
    """Return where events of a population come from, see ``spiking`` of :class:`NetworkGraph`."""
    if isinstance(population, Population):
        mine = np.where(population_of == descriptor.value, index_of, -1)
        return frozen(np.append(mine, -1), np.int64)  # the last one is neuron -1
    external = isinstance(population, ExternalPopulation)
    labels = routing.external_labels[descriptor] if external else _background_labels(routing, descriptor)
    found: np.ndarray = np.full(2**16, -1, np.int64)
    found[labels] = np.arange(population.size)
    return frozen(found, np.int64)


def _columns(
    descriptor: PopulationDescriptor, population_of: np.ndarray, index_of: np.ndarray, recorded: tuple[np.ndarray, ...]
) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """Return which of the recorded neurons belong to a population, see ``sampled`` of :class:`NetworkGraph`."""
    mine = [np.flatnonzero(population_of[neurons] == descriptor.value) for neurons in recorded]
    return tuple(
        (frozen(columns, np.int64), frozen(index_of[neurons[columns]], np.int64))
        for neurons, columns in zip(recorded, mine, strict=True)
    )


def _background_labels(routing: Routing, population: PopulationDescriptor) -> np.ndarray:
    place = routing.background[population]
    return (place.labels | place.generators[0] % 4 << 14).astype(np.uint16)


@checked
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
    (hemispheres, drivers, columns), places = routing.used_places
    signed = flat.take(places)
    weight: np.ndarray = np.zeros((HEMISPHERES, ROWS, COLUMNS), np.uint8)
    rows = weight.reshape(HEMISPHERES, DRIVERS, 2, COLUMNS)[hemispheres, drivers, :, columns]
    rows[:, :, 1] = np.maximum(signed, 0)
    rows[:, :, 0] = np.maximum(np.negative(signed, out=signed), 0)
    weight.setflags(write=False)
    return weight


def _registers(network: Network, routing: Routing) -> dict[str, np.ndarray]:
    used = (routing.places > 0).any(2)
    row_mode = np.zeros((HEMISPHERES, ROWS), np.uint8)
    row_mode[:, 1::2] = np.where(used, 1, 0)
    row_mode[:, 0::2] = np.where(used, 2, 0)
    mask, target = _crossbar(network, routing)
    registers = {
        "label": np.repeat(routing.synapse_labels, 2, axis=1),
        "row_mode": row_mode,
        "row_select_mask": np.full((HEMISPHERES, DRIVERS), routing.row_select_mask, np.uint8),
        "enable_hagen_modulation": np.zeros((HEMISPHERES, DRIVERS), np.bool_),
        "event_address": np.maximum(routing.event_addresses, 0).astype(np.uint8),
        "enable_spike_output": routing.event_addresses >= 0,
        "crossbar_mask": mask,
        "crossbar_target": target,
        **_switches(network),
        **_generators(network, routing),
    }
    for array in registers.values():
        array.setflags(write=False)
    return registers


def _crossbar(network: Network, routing: Routing) -> tuple[np.ndarray, np.ndarray]:
    """Open the nodes on the way of events that somebody hears or records."""
    mask, target = np.zeros((20, 12), np.uint16), np.zeros((20, 12), np.uint16)
    mask[:], target[:] = NO_FORWARD
    for node in np.argwhere(routing.feeds):
        node = (node[0], 4 * node[1] + node[0] % 4)
        mask[tuple(node)], target[tuple(node)] = _PASS_ALL
    for descriptor, population in network.populations.items():
        if not population.record_spikes:
            continue
        if isinstance(population, Population):
            outputs = event_outputs(population.neurons)
            mask[outputs, 8 + outputs % 4], target[outputs, 8 + outputs % 4] = _PASS_ALL
        elif isinstance(population, ExternalPopulation):
            links = routing.external_labels[descriptor] >> 14
            mask[8 + links, 8 + links] = target[8 + links, 8 + links] = LOOPBACK_BIT
        else:
            # generators of both hemispheres make the same events: one of them is enough
            generator = routing.background[descriptor].generators[0]
            mask[12 + generator, 8 + generator % 4], target[12 + generator, 8 + generator % 4] = _PASS_ALL
    return mask, target


def _switches(network: Network) -> dict[str, np.ndarray]:
    """Close the switches between the circuits of each neuron, and open all others."""
    closed = {name: np.zeros(NEURONS, np.bool_) for name in SWITCHES}
    for population in network.populations.values():
        if isinstance(population, Population):
            for name, switches in closed.items():
                switches[population.switches[name]] = True
    return closed


def _generators(network: Network, routing: Routing) -> dict[str, np.ndarray]:
    """Set the background generators; without any in the network they stay as they are."""
    if not routing.background:
        return {}
    registers = {
        name: np.zeros(8, np.int64) for name in ("enable", "random", "period", "rate", "seed", "mask", "label")
    }
    for place in routing.background.values():
        source, on = place.source, list(place.generators)
        registers["enable"][on], registers["random"][on] = True, source.enable_random
        registers["period"][on], registers["rate"][on] = source.period, source.rate
        registers["seed"][on], registers["mask"][on], registers["label"][on] = source.seed, place.mask, place.label
    enabled = registers.pop("enable") > 0
    random = registers.pop("random") > 0
    return {
        "enable_background": enabled,
        "background_random": random,
        **{f"background_{name}": values for name, values in registers.items()},
    }


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


def _same_population(one: AnyPopulation, other: AnyPopulation) -> bool:
    if isinstance(one, Population) and isinstance(other, Population):
        flags = [(p.record_spikes, p.record_cadc, p.madc_index) for p in (one, other)]
        return flags[0] == flags[1] and np.array_equal(one.circuits, other.circuits)
    if isinstance(one, BackgroundPopulation) and isinstance(other, BackgroundPopulation):
        return (one.size, one.source, one.record_spikes) == (other.size, other.source, other.record_spikes)
    return (type(one), one.size, one.record_spikes) == (type(other), other.size, other.record_spikes)


def _same_synapses(one: Projection, other: Projection) -> bool:
    if (one.pre, one.post, one.weights.shape) != (other.pre, other.post, other.weights.shape):
        return False
    if one.mask is other.mask:
        return True
    return one.mask is not None and other.mask is not None and np.array_equal(one.mask, other.mask)
