"""Search the smallest change to a network that does not fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from hxtorch.core.errors import RoutingError
from hxtorch.core.networks.network import Network, PopulationDescriptor, Projection
from hxtorch.core.routing.bounds import check_chip
from hxtorch.core.routing.demand import Demand, demand_of
from hxtorch.core.routing.groups import PORTFOLIO, GroupRouter
from hxtorch.core.routing.report import NoLabelError


@dataclass(frozen=True)
class Remedy:
    """A smaller population with which the network fits; one neuron or source more is not known to.

    Attributes:
        population: Which population.
        name: Its name.
        size: How many of its first neurons or sources to keep.
        instead_of: How many there are.
    """

    population: PopulationDescriptor
    name: str
    size: int
    instead_of: int

    def apply(self, network: Network) -> Network:
        """Return ``network`` with the smaller population, its projections cut to it."""
        return _shrunk(network, self.population, self.size)

    def __str__(self) -> str:
        return f"population {self.name!r} of size {self.size} instead of {self.instead_of}"


def smallest_change(network: Network) -> Remedy | None:
    """Find the one population that has to lose the fewest neurons or sources for ``network`` to fit.

    Counting bounds the size from above, and the largest size within that bound is routed. Where no router finds a way
    for it, the search halves; so the result fits and one more is not known to.

    Args:
        network: A network that no router finds a way for.

    Returns:
        The change, or None if making one population smaller does not help.
    """
    best: Remedy | None = None
    for descriptor, population in network.populations.items():
        allowed = population.size - 1  # to lose; of equal losses, that of a larger population is the smaller change
        if best is not None:
            allowed = min(allowed, best.instead_of - best.size - (population.size <= best.instead_of))
        smallest = population.size - allowed

        def of(size: int, descriptor: PopulationDescriptor = descriptor) -> Demand:
            return demand_of(_shrunk(network, descriptor, size))

        if allowed < 1 or not _open_routers(of(smallest)):
            continue
        largest = _halved(smallest, population.size, lambda size: bool(_open_routers(of(size))))
        size = largest if _fits(of(largest)) else 0
        if not size and smallest < largest and _fits(of(smallest)):
            size = _halved(smallest, largest, lambda size: _fits(of(size)))
        if size:
            best = Remedy(descriptor, population.name, population.first(size).size, population.size)
    return best


def _halved(holds: int, fails: int, test: Callable[[int], bool]) -> int:
    """Return a size from ``holds`` to below ``fails`` for which ``test`` holds, and not for the next one."""
    while fails - holds > 1:
        middle = (holds + fails) // 2
        if test(middle):
            holds = middle
        else:
            fails = middle
    return holds


def _open_routers(demand: Demand) -> list[GroupRouter]:
    """Return the routers that counting does not rule out."""
    try:
        check_chip(demand)
    except RoutingError:
        return []
    return [router for router in PORTFOLIO if _does(router.check, demand)]


def _fits(demand: Demand) -> bool:
    """Return whether a router finds a way.

    One that divides the groups further of one that lacked drivers is not tried: it has less freedom.
    """
    lacked_drivers: list[int] = []
    for router in _open_routers(demand):
        if any(mask & router.mask == mask for mask in lacked_drivers):
            continue
        try:
            router.assigned(demand)
        except NoLabelError:
            continue
        except RoutingError:
            lacked_drivers.append(router.mask)
        else:
            return True
    return False


def _does(attempt: Callable[[Demand], object], demand: Demand) -> bool:
    try:
        attempt(demand)
    except RoutingError:
        return False
    return True


def _shrunk(network: Network, shorter: PopulationDescriptor, size: int) -> Network:
    def cut(projection: Projection) -> Projection:
        part = (
            slice(size if projection.pre == shorter else None),
            slice(size if projection.post == shorter else None),
        )
        mask = None if projection.mask is None else projection.mask[part]
        return replace(projection, weights=projection.weights[part], mask=mask)

    populations = {**network.populations, shorter: network.populations[shorter].first(size)}
    size = populations[shorter].size  # background populations come in powers of two
    projections = {
        descriptor: cut(projection) if shorter in (projection.pre, projection.post) else projection
        for descriptor, projection in network.projections.items()
    }
    return replace(network, populations=populations, projections=projections)
