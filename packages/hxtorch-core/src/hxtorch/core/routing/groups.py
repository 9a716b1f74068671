"""Route by groups of drivers that compare the same bits of the row select address.

Of the five bits, the drivers compare those of a mask, so the 32 drivers of a PADI bus fall into groups, and a source is
heard by one of the pairs (bus, group), in both hemispheres. In each column, each driver of a group offers one signed
synapse: an excitatory and an inhibitory row. Inside a pair, 64 synapse labels tell the sources apart, and each column
gives the group's drivers to whichever sources it needs; a neuron of several circuits has the drivers of all of them.

Few groups leave each column most freedom, many groups tell most sources apart. External sources may use any pair; a
neuron's bus is fixed by its column, and so are all bits of its row select address but the lower two (chip facts 1.3,
1.4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bss2_emulator.facts.constants import COLUMNS, DRIVERS, HEMISPHERES, NEURONS
from bss2_emulator.ground.cached import cached_property
from hxtorch.core.arguments import checked
from hxtorch.core.networks.network import Network, PopulationDescriptor, ProjectionDescriptor
from hxtorch.core.networks.populations import BackgroundPopulation, ExternalPopulation, Population
from hxtorch.core.routing.background import free_bits, place_background
from hxtorch.core.routing.bounds import check_groups
from hxtorch.core.routing.demand import Demand, demand_of
from hxtorch.core.routing.greedy import Pairs, assign
from hxtorch.core.routing.routes import BUSES, DRIVERS_PER_BUS, LABELS, LOOPBACK_BIT, BackgroundPlace, Routing


@checked
@dataclass(frozen=True)
class GroupRouter:
    """Routes with one row select mask for all drivers.

    Attributes:
        mask: Which bits of the row select address drivers compare, 0 to 31.
    """

    mask: int

    @cached_property
    def addresses(self) -> np.ndarray:
        """Row select address of each group, int64 (groups,), ascending."""
        every = np.arange(DRIVERS_PER_BUS)
        groups: np.ndarray = every[(every & ~self.mask) == 0]
        return groups

    @property
    def name(self) -> str:
        groups = len(self.addresses)
        return f"{groups} group{'s' * (groups > 1)} of {DRIVERS_PER_BUS // groups} drivers"

    def route(self, network: Network) -> Routing:
        """Route ``network``.

        Raises:
            RoutingError: It does not fit; the message names the layer and what would fit.
        """
        demand = demand_of(network)
        return self.routing(demand, *self.assigned(demand))

    @cached_property
    def candidates(self) -> np.ndarray:
        """Which pairs (bus, group) the neurons at each crossbar input 0..7 may use, bool (8, pairs).

        The upper three bits of a neuron's row select address are its event output.
        """
        fixed = ~free_bits(self.mask) & self.mask
        outputs, buses = np.arange(2 * BUSES)[:, np.newaxis], np.arange(BUSES).repeat(len(self.addresses))
        own: np.ndarray = np.tile((self.addresses & fixed) == (outputs << 2 & fixed), BUSES)
        own &= buses == outputs % BUSES
        return own

    def check(self, demand: Demand) -> None:
        """Refuse what no choice of pairs can do.

        Raises:
            RoutingError: Labels or drivers are too few.
        """
        check_groups(demand, self.candidates, DRIVERS_PER_BUS // len(self.addresses))

    def prepared(self, demand: Demand) -> tuple[Pairs, dict[PopulationDescriptor, BackgroundPlace]]:
        """Return pairs that hold nothing but background populations.

        Raises:
            RoutingError: These do not fit.
        """
        groups, sources = len(self.addresses), len(demand.needed)
        pairs = Pairs(
            np.zeros((BUSES * groups, NEURONS), np.int16),
            demand.circuits * (DRIVERS_PER_BUS // groups),
            np.zeros((BUSES * groups, LABELS), np.bool_),
            np.full(sources, -1, np.int64),
            np.zeros(sources, np.int64),
        )
        return pairs, place_background(demand, self.addresses, pairs)

    def assigned(self, demand: Demand) -> tuple[Pairs, dict[PopulationDescriptor, BackgroundPlace]]:
        """Return pairs that hold all sources.

        Raises:
            RoutingError: No way was found.
        """
        self.check(demand)
        pairs, background = self.prepared(demand)
        assign(demand, pairs, self.candidates)
        return pairs, background

    def routing(
        self,
        demand: Demand,
        pairs: Pairs,
        background: dict[PopulationDescriptor, BackgroundPlace],
        router: str | None = None,
    ) -> Routing:
        """Return labels and places for sources that have their pairs, found by ``router`` or this one."""
        pairs.number()
        external, on_chip, feeds = self._labels(demand, pairs, background)
        offsets, places, synapse_labels = self._place_synapses(demand, pairs)
        return Routing(
            external,
            on_chip,
            offsets,
            places,
            synapse_labels,
            feeds,
            self.mask,
            background,
            pairs.taken.sum(1).reshape(BUSES, len(self.addresses)),
            router or self.name,
        )

    def _labels(
        self, demand: Demand, pairs: Pairs, background: dict[PopulationDescriptor, BackgroundPlace]
    ) -> tuple[dict[PopulationDescriptor, np.ndarray], np.ndarray, np.ndarray]:
        """Return labels of external sources, addresses of neurons, and which crossbar inputs are heard where."""
        groups = len(self.addresses)
        codes = self.addresses[pairs.of_source % groups] << 6 | pairs.labels
        external, on_chip, feeds = {}, np.full(NEURONS, -1, np.int16), np.zeros((20, 2), np.bool_)
        for descriptor, population in demand.network.populations.items():
            mine = demand.of(descriptor)
            if isinstance(population, BackgroundPopulation):
                for generator in background[descriptor].generators if descriptor in background else ():
                    feeds[12 + generator, generator // 4] = demand.fan_out[mine].any()
                continue
            if isinstance(population, ExternalPopulation):
                loopback = LOOPBACK_BIT if population.record_spikes else 0
                inputs = 8 + pairs.of_source[mine] // groups
                external[descriptor] = ((inputs - 8) << 14 | loopback | codes[mine]).astype(np.uint16)
            else:
                inputs = demand.outputs[mine]
                on_chip[population.neurons] = np.where(demand.needed[mine], codes[mine] & 0xFF, -1)
            for hemisphere, heard in enumerate(_heard(demand, demand.fan_out[mine])):
                feeds[inputs[heard], hemisphere] = True
        return external, on_chip, feeds

    def _place_synapses(
        self, demand: Demand, pairs: Pairs
    ) -> tuple[dict[ProjectionDescriptor, int], np.ndarray, np.ndarray]:
        """Give each synapse the next free driver of its source's group, in the circuits of its neuron in turn."""
        network, groups = demand.network, len(self.addresses)
        positions = np.argsort(np.arange(DRIVERS_PER_BUS) & self.mask, kind="stable").reshape(groups, -1)
        places = np.zeros((HEMISPHERES, DRIVERS, COLUMNS), np.int32)
        synapse_labels = np.zeros((HEMISPHERES, DRIVERS, COLUMNS), np.uint8)
        filled = np.zeros((BUSES * groups, NEURONS), np.int64)
        offsets, offset = {}, 0
        for descriptor, projection in network.projections.items():
            offsets[descriptor] = offset
            post = network.target(projection)
            everywhere, width = np.arange(post.size), post.circuits.shape[1]
            for row in range(len(projection.weights)):
                source = demand.first[projection.pre] + row
                targets = everywhere if projection.mask is None else np.flatnonzero(projection.mask[row])
                neurons, pair = post.neurons[targets], pairs.of_source[source]
                count = filled[pair, neurons]
                circuits = neurons if width == 1 else post.circuits[targets, count % width]
                position = positions[pair % groups, count // width]
                where = (circuits // COLUMNS, BUSES * position + pair // groups, circuits % COLUMNS)
                places[where] = 1 + offset + row * post.size + targets
                synapse_labels[where] = pairs.labels[source]
                filled[pair, neurons] = count + 1
            offset += projection.weights.size
        return offsets, places, synapse_labels


def _heard(demand: Demand, fan_out: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which sources have a target with a circuit in the top, and which in the bottom hemisphere."""
    there = np.zeros((2, NEURONS), np.bool_)
    for population in demand.network.populations.values():
        if isinstance(population, Population):
            for hemisphere in (0, 1):
                there[hemisphere, population.neurons] = (population.circuits // COLUMNS == hemisphere).any(1)
    return fan_out[:, there[0]].sum(1) > 0, fan_out[:, there[1]].sum(1) > 0


# The first serves dense layers; one or two groups serve irregular fan-in; many groups serve many sources.
PORTFOLIO = tuple(GroupRouter(mask) for mask in (0b00011, 0b00001, 0b00000, 0b10011, 0b11111))
