"""Give background populations their generators and labels.

A generator serves one PADI bus of one hemisphere and draws low bits of its events' labels at random. Bits of the
synapse label and the lower two bits of the row select address can be drawn, so the sources of a population lie in one,
two or four groups of drivers of a bus.

Source:
    chip facts 1.3 and 1.5.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from bss2_emulator.facts.constants import COLUMNS
from hxtorch.core.errors import RoutingError
from hxtorch.core.networks.network import PopulationDescriptor
from hxtorch.core.networks.populations import BackgroundPopulation, Population
from hxtorch.core.routing.demand import Demand
from hxtorch.core.routing.routes import BACKGROUND_BIT, BUSES, LABELS, BackgroundPlace

if TYPE_CHECKING:
    from hxtorch.core.routing.greedy import Pairs

_LABEL_BITS = 6


def free_bits(mask: int) -> int:
    """Return the bits of a row select address that labels on the chip may choose, of those that drivers compare."""
    return mask & 0b11


def place_background(
    demand: Demand, addresses: np.ndarray, pairs: Pairs
) -> dict[PopulationDescriptor, BackgroundPlace]:
    """Place all background populations, each where its neurons' fullest column stays emptiest.

    Neurons come later, but have no choice of their bus: what they need of it counts already.

    Args:
        demand: Of the network.
        addresses: Row select address of each group, int64 (groups,).
        pairs: Pairs and labels of the sources are entered here.

    Raises:
        RoutingError: No generator or no driver is left for a population.
    """
    places: dict[PopulationDescriptor, BackgroundPlace] = {}
    used: set[int] = set()
    for descriptor, population in demand.network.populations.items():
        if isinstance(population, BackgroundPopulation):
            there = hemispheres(demand, descriptor)
            if there or population.record_spikes:
                place = _place(demand, descriptor, population, addresses, pairs, there or [0, 1], used)
                used.update(place.generators)
                places[descriptor] = place
    return places


def hemispheres(demand: Demand, descriptor: PopulationDescriptor) -> list[int]:
    """Return in which hemispheres the targets of a population have circuits."""
    targeted: np.ndarray = demand.fan_out[demand.of(descriptor)].sum(0) > 0
    circuits = [
        population.circuits[targeted[population.neurons]].reshape(-1)
        for population in demand.network.populations.values()
        if isinstance(population, Population)
    ]
    return [int(one) for one in np.unique(np.concatenate([*circuits, np.empty(0, np.int64)]) // COLUMNS)]


def _place(
    demand: Demand,
    descriptor: PopulationDescriptor,
    population: BackgroundPopulation,
    addresses: np.ndarray,
    pairs: Pairs,
    there: list[int],
    used: set[int],
) -> BackgroundPlace:
    what, mine = f"population {population.name!r}", demand.of(descriptor)
    anywhere = not demand.fan_out[mine].any()
    best: tuple[tuple[float, ...], BackgroundPlace, np.ndarray, np.ndarray] | None = None
    generator_left = False
    for bus in range(BUSES):
        wanted = [4 * hemisphere + bus for hemisphere in there]
        if anywhere:
            wanted = [one for one in wanted if one not in used][:1]
        if not wanted or not used.isdisjoint(wanted):
            continue
        generator_left = True
        mates = demand.needed & (demand.buses == bus)  # neurons on this bus
        missing = max(int(mates.sum()) + population.size - len(addresses) * LABELS, 0)  # labels
        on_bus = slice(len(addresses) * bus, len(addresses) * (bus + 1))
        for bits, chosen in _splits(addresses, population.size):
            of_source = len(addresses) * bus + np.repeat(chosen, population.size // len(chosen))
            block = population.size // len(chosen)
            starts = [
                start
                for start in range(0, LABELS, block)
                if not pairs.taken[len(addresses) * bus + chosen, start : start + block].any()
            ]
            after = pairs.load.copy()
            np.add.at(after, of_source, demand.fan_out[mine])
            if not starts or (after > pairs.capacity).any():
                continue
            labels = np.tile(starts[0] + np.arange(block), len(chosen))
            codes = BACKGROUND_BIT | addresses[of_source % len(addresses)] << _LABEL_BITS | labels
            place = BackgroundPlace(
                tuple(wanted),
                bits << _LABEL_BITS | (block - 1),
                int(codes[0]),
                codes.astype(np.uint16),
                population.source,
            )
            fullest = (after[on_bus].sum(0) + demand.fan_out[mates].sum(0)) / demand.circuits
            cost = (missing, float(fullest.max()), float((after / demand.circuits).max()), len(chosen))
            if best is None or cost < best[0]:
                best = cost, place, of_source, labels
    if best is None and not generator_left:
        raise no_generator_left(what)
    if best is None:
        raise RoutingError(
            f"{what}: no drivers are left for its {population.size} background sources: all of them are heard on one "
            "PADI bus, where a neuron has 32 signed inputs for each of its circuits; make it smaller or connect fewer"
        )
    _, place, of_source, labels = best
    np.add.at(pairs.load, of_source, demand.fan_out[mine])
    pairs.of_source[mine], pairs.labels[mine] = of_source, labels
    pairs.taken[of_source, labels] = True
    return place


def no_generator_left(what: str) -> RoutingError:
    """Say that a population finds no background generator."""
    return RoutingError(
        f"{what}: no background generator is left: each of the four PADI buses of a hemisphere has one; "
        "unite background populations or leave one out"
    )


def _splits(addresses: np.ndarray, size: int) -> Iterator[tuple[int, np.ndarray]]:
    """Yield drawn bits of the row select address, and the groups in the order in which sources fill them."""
    changeable = free_bits(int(np.bitwise_or.reduce(addresses)))
    for bits in range(4):
        groups = 1 << bits.bit_count()
        if bits & ~changeable or groups > size or size // groups > LABELS:
            continue
        for base in addresses[(addresses & bits) == 0]:
            yield bits, np.flatnonzero((addresses & ~bits) == base)
