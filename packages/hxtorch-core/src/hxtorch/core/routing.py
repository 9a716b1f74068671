"""Give every source a label and every synapse a place, so that events arrive where the network says.

The scheme is complete for neurons of one circuit. The lower two bits of the row-select address are compared by all
drivers, so the 32 drivers of a PADI bus fall into four groups of eight, and a source is heard by one of the 16 pairs
(bus, group), in both hemispheres. In each column, each of the eight drivers of a group offers one signed synapse: an
excitatory and an inhibitory row. Hence a neuron has at most 128 signed inputs, eight from each pair. Inside a pair, 64
synapse labels tell the sources apart, and each column gives its eight drivers to whichever sources it needs.

External sources may use any pair; a neuron's bus is fixed by its column (chip facts 1.3, 1.4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hxtorch.core import routing_report
from hxtorch.core.network import Network, Population, PopulationDescriptor, ProjectionDescriptor

BUSES = 4
GROUPS = 4
DRIVERS_PER_GROUP = 8
LABELS = 64
ROW_SELECT_MASK = GROUPS - 1
LOOPBACK_BIT = 1 << 12


@dataclass(frozen=True, eq=False)
class Routing:
    """Labels and places for one network; weights do not matter.

    Attributes:
        external_labels: 16-bit labels of each external population's sources, uint16 (size,).
        event_addresses: 8-bit address of each neuron, int16 (512,); -1 where spikes do not leave the neuron.
        offsets: Where a projection's weights begin among all weights, flat, in the order of projections.
        places: Which weight a driver's row pair holds, int32 (2, 128, 256) by hemisphere, driver and column: one more
            than its position among all weights, or 0.
        synapse_labels: uint8 (2, 128, 256), the same for both rows of a driver.
        feeds: Whether a source on crossbar input 0..11 is heard in each hemisphere, bool (12, 2).
    """

    external_labels: Mapping[PopulationDescriptor, np.ndarray]
    event_addresses: np.ndarray
    offsets: Mapping[ProjectionDescriptor, int]
    places: np.ndarray
    synapse_labels: np.ndarray
    feeds: np.ndarray


@dataclass(frozen=True, eq=False)
class _Sources:
    """All sources of a network in one row.

    Attributes:
        first: Number of the first source of each population.
        buses: PADI bus of each source, int64 (sources,), -1 if free.
        fan_out: Number of synapses of each source on each neuron, int16 (sources, 512).
        needed: Whether the source sends events at all, bool (sources,).
    """

    first: Mapping[PopulationDescriptor, int]
    buses: np.ndarray
    fan_out: np.ndarray
    needed: np.ndarray


def event_outputs(neurons: np.ndarray) -> np.ndarray:
    """Return the crossbar input 0..7 that each neuron ``n`` sends to.

    Source: chip facts 1.1.
    """
    outputs: np.ndarray = neurons % 256 // 32
    return outputs


def build_routing(network: Network) -> Routing:
    """Route ``network``.

    Raises:
        RoutingError: It does not fit; the message names the layer and what would fit.
    """
    sources = _collect(network)
    routing_report.check_fan_in(network, sources.first, sources.buses, sources.fan_out)
    pairs = _assign_pairs(network, sources)
    labels = np.zeros(len(pairs), np.int64)
    for pair in range(BUSES * GROUPS):
        members = np.flatnonzero(pairs == pair)
        labels[members] = np.arange(len(members))
    addresses = (pairs % GROUPS) << 6 | labels
    external, on_chip, feeds = {}, np.full(512, -1, np.int16), np.zeros((12, 2), np.bool_)
    for descriptor, population in network.populations.items():
        mine = slice(sources.first[descriptor], sources.first[descriptor] + population.size)
        if isinstance(population, Population):
            on_chip[population.neurons] = np.where(sources.needed[mine], addresses[mine], -1)
            inputs = event_outputs(population.neurons)
        else:
            loopback = LOOPBACK_BIT if population.record_spikes else 0
            inputs = 8 + pairs[mine] // GROUPS
            external[descriptor] = ((inputs - 8) << 14 | loopback | addresses[mine]).astype(np.uint16)
        for hemisphere in (0, 1):
            heard = sources.fan_out[mine, 256 * hemisphere : 256 * (hemisphere + 1)].any(1)
            feeds[inputs[heard], hemisphere] = True
    offsets, places, synapse_labels = _place_synapses(network, sources, pairs, labels)
    return Routing(external, on_chip, offsets, places, synapse_labels, feeds)


def _collect(network: Network) -> _Sources:
    first, buses, needed = {}, [], []
    count = 0
    for descriptor, population in network.populations.items():
        first[descriptor] = count
        count += population.size
        free = np.full(population.size, -1)
        buses.append(event_outputs(population.neurons) % BUSES if isinstance(population, Population) else free)
        needed.append(np.full(population.size, population.record_spikes or not isinstance(population, Population)))
    fan_out = np.zeros((count, 512), np.int16)
    for projection in network.projections.values():
        post = network.target(projection)
        rows = slice(first[projection.pre], first[projection.pre] + len(projection.weights))
        fan_out[rows, post.neurons] += 1 if projection.mask is None else projection.mask
    return _Sources(first, np.concatenate(buses), fan_out, np.concatenate(needed) | fan_out.any(1))


def _assign_pairs(network: Network, sources: _Sources) -> np.ndarray:
    """Choose the pair ``bus * GROUPS + group`` of each source, int64 (sources,); -1 where none is needed.

    Greedy: neurons before free sources, large before small ones, each to the pair whose fullest column stays emptiest.
    """
    pairs = np.full(len(sources.buses), -1, np.int64)
    load = np.zeros((BUSES * GROUPS, 512), np.int16)
    used_labels = np.zeros(BUSES * GROUPS, np.int64)
    order = np.lexsort((-sources.fan_out.sum(1), sources.buses < 0))
    for source in order[sources.needed[order]]:
        bus = sources.buses[source]
        candidates = np.arange(BUSES * GROUPS) if bus < 0 else np.arange(GROUPS) + GROUPS * bus
        columns = np.flatnonzero(sources.fan_out[source])
        # synapses in each column if this source went there
        after = load[np.ix_(candidates, columns)] + sources.fan_out[source, columns]
        fullest = after.max(1, initial=0)
        fits = (fullest <= DRIVERS_PER_GROUP) & (used_labels[candidates] < LABELS)
        if not fits.any():
            exhausted = bool((fullest <= DRIVERS_PER_GROUP).any())
            raise routing_report.does_not_fit(network, sources.first, int(source), exhausted)
        best = np.lexsort((used_labels[candidates], after.sum(1), fullest, ~fits))[0]
        pairs[source] = candidates[best]
        load[candidates[best], columns] = after[best]
        used_labels[candidates[best]] += 1
    return pairs


def _place_synapses(
    network: Network, sources: _Sources, pairs: np.ndarray, labels: np.ndarray
) -> tuple[dict[ProjectionDescriptor, int], np.ndarray, np.ndarray]:
    """Give each synapse the next free driver of its source's group in its column."""
    places = np.zeros((2, 128, 256), np.int32)
    synapse_labels = np.zeros((2, 128, 256), np.uint8)
    filled = np.zeros((BUSES * GROUPS, 512), np.int64)
    offsets, offset = {}, 0
    for descriptor, projection in network.projections.items():
        offsets[descriptor] = offset
        post = network.target(projection)
        for row in range(len(projection.weights)):
            source = sources.first[projection.pre] + row
            targets = np.arange(post.size) if projection.mask is None else np.flatnonzero(projection.mask[row])
            neurons, pair = post.neurons[targets], pairs[source]
            position = pair % GROUPS + GROUPS * filled[pair, neurons]
            where = (neurons // 256, BUSES * position + pair // GROUPS, neurons % 256)
            places[where] = 1 + offset + row * post.size + targets
            synapse_labels[where] = labels[source]
            filled[pair, neurons] += 1
        offset += projection.weights.size
    return offsets, places, synapse_labels
