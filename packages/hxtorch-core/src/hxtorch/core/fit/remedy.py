"""Search the smallest change to a network that does not fit."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hxtorch.core.errors import RoutingError
from hxtorch.core.networks.network import Network, PopulationDescriptor, Projection
from hxtorch.core.routing.portfolio import build_routing

BEYOND = 24  # sizes above one that fits which are tried before it is taken for the largest


@dataclass(frozen=True)
class Remedy:
    """A smaller population with which the network fits; one neuron or source more does not.

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

    Candidates are routed, so the result fits. The search halves. Since routers are greedy, a size may fit above one
    that does not, so it goes on upwards until :data:`BEYOND` sizes in turn do not.

    Args:
        network: A network that does not fit.

    Returns:
        The change, or None if making one population smaller does not help.
    """
    best: Remedy | None = None
    for descriptor, population in network.populations.items():
        allowed = population.size - 1  # to lose; of equal losses, that of a larger population is the smaller change
        if best is not None:
            allowed = min(allowed, best.instead_of - best.size - (population.size <= best.instead_of))
        fits, fails = population.size - allowed, population.size
        if fits >= fails or not _fits(network, descriptor, fits):
            continue
        while fails - fits > 1:
            middle = (fits + fails) // 2
            if _fits(network, descriptor, middle):
                fits = middle
            else:
                fails = middle
        size = fits + 1  # known not to fit
        while size < min(population.size - 1, fits + BEYOND):
            size += 1
            fits = size if _fits(network, descriptor, size) else fits
        best = Remedy(descriptor, population.name, population.first(fits).size, population.size)
    return best


def _fits(network: Network, population: PopulationDescriptor, size: int) -> bool:
    try:
        build_routing(_shrunk(network, population, size))
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
