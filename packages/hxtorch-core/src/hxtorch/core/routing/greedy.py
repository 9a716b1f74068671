"""Give sources to pairs (bus, group) one after the other, each where its neurons' fullest column stays emptiest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bss2_emulator.ground.cached import cached_property
from hxtorch.core.errors import RoutingError
from hxtorch.core.routing import report
from hxtorch.core.routing.demand import Demand


@dataclass
class Pairs:
    """What the pairs (bus, group) hold while sources are given to them; pair ``bus * groups + group``.

    Attributes:
        load: Synapses in each pair on each neuron, int16 (pairs, 512).
        capacity: Of each neuron in a pair, int64 (512,).
        taken: Labels in use, bool (pairs, 64).
        of_source: Pair of each source, int64 (sources,), -1 where none is needed.
        labels: Label of each source in its pair, int64 (sources,).
    """

    load: np.ndarray
    capacity: np.ndarray
    taken: np.ndarray
    of_source: np.ndarray
    labels: np.ndarray

    @cached_property
    def joined(self) -> bool:
        """Whether some neurons have more circuits than others."""
        return bool((self.capacity != self.capacity[0]).any())

    def number(self) -> None:
        """Give labels to all sources that have a pair and no label."""
        for pair in range(len(self.taken)):
            members = np.flatnonzero((self.of_source == pair) & (self.labels < 0))
            self.labels[members] = np.flatnonzero(~self.taken[pair])[: len(members)]
            self.taken[pair, self.labels[members]] = True


def assign(demand: Demand, pairs: Pairs, candidates: np.ndarray) -> None:
    """Choose the pair of each source that has none yet: neurons before free sources, large before small ones.

    Sources that follow each other and are alike are given away together, each still to the best pair that the ones
    before it leave: what a pair costs only grows, so these are the least costs of all.

    Args:
        demand: Of the network.
        pairs: Where the choice is entered.
        candidates: Which pairs each crossbar input 0..7 may use, bool (8, pairs); other sources may use all.

    Raises:
        RoutingError: A source finds no place.
    """
    free = pairs.taken.shape[1] - pairs.taken.sum(1)
    own = [np.flatnonzero(one) for one in candidates]
    everywhere = np.arange(len(free))
    for sources in _alike(demand, pairs):
        output = demand.outputs[sources[0]]
        place = _place_one if len(sources) == 1 else _place_alike
        place(demand, pairs, sources, everywhere if output < 0 else own[output], free)


def _place_one(demand: Demand, pairs: Pairs, sources: np.ndarray, own: np.ndarray, free: np.ndarray) -> None:
    """Give one source its pair: :func:`_place_alike` in fewer steps, as irregular networks have one of each kind."""
    (source,) = sources
    columns = demand.fan_out[source].nonzero()[0]
    after = pairs.load.take(columns, 1)
    after += demand.fan_out[source].take(columns)
    limit = 1 if pairs.joined else int(pairs.capacity[0])
    fullest = (after / pairs.capacity[columns] if pairs.joined else after).max(1, initial=0).tolist()
    total, left = np.add.reduce(after, 1, np.int16).tolist(), free.tolist()  # at most 512 columns of 32 drivers
    possible = [(fullest[k], total[k], -left[k], k) for k in own.tolist() if fullest[k] <= limit and left[k]]
    if not possible:
        raise _no_place(demand, pairs, int(source), own)
    best = min(possible)[3]
    pairs.of_source[source], pairs.labels[source] = best, -1
    pairs.load[best, columns] = after[best]
    free[best] -= 1


def _place_alike(demand: Demand, pairs: Pairs, sources: np.ndarray, own: np.ndarray, free: np.ndarray) -> None:
    """Give each of some sources that are alike its pair, of those with the numbers ``own``, and count ``free`` down."""
    columns = np.flatnonzero(demand.fan_out[sources[0]])
    synapses = demand.fan_out[sources[0], columns]
    before = pairs.load[own[:, np.newaxis], columns]
    depth = np.arange(1, min(len(sources), int(free[own].max(initial=0))) + 1)
    # synapses on each neuron if so many sources went there
    after = before[:, np.newaxis] + depth[:, np.newaxis] * synapses
    fullest = (after / pairs.capacity[columns]).max(2, initial=0)
    left = free[own, np.newaxis] - depth + 1
    possible, choice = np.nonzero((fullest <= 1) & (left > 0))
    total = before.sum(1)[possible] + depth[choice] * synapses.sum()
    order = np.lexsort((possible, -left[possible, choice], total, fullest[possible, choice]))[: len(sources)]
    best = own[possible[order]]
    placed = sources[: len(best)]
    pairs.of_source[placed], pairs.labels[placed] = best, -1
    for pair, count in zip(*np.unique(best, return_counts=True), strict=True):
        pairs.load[pair, columns] += count * synapses
        free[pair] -= count
    if len(placed) < len(sources):
        raise _no_place(demand, pairs, int(sources[len(placed)]), own)


def _alike(demand: Demand, pairs: Pairs) -> Iterator[np.ndarray]:
    """Yield the sources that need a pair in the order of placing, those that are alike together."""
    order = np.lexsort((-demand.fan_out.sum(1), demand.buses < 0))
    order = order[(demand.needed & (pairs.of_source < 0))[order]]
    if not len(order):
        return
    fan_out, outputs = demand.fan_out[order], demand.outputs[order]
    changes = (fan_out[1:] != fan_out[:-1]).any(1) | (outputs[1:] != outputs[:-1])
    yield from np.split(order, np.flatnonzero(changes) + 1)


def _no_place(demand: Demand, pairs: Pairs, source: int, own: np.ndarray) -> RoutingError:
    """Say why ``source`` finds no place in the pairs ``own``."""
    drivers_left = (pairs.load[own] + demand.fan_out[source] <= pairs.capacity).all(1).any()
    return report.does_not_fit(demand, source, bool(drivers_left), pairs.taken.size)
