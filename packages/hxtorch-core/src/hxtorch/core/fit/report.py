"""Count what of the chip a network takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from bss2_emulator.facts.constants import COLUMNS, DRIVERS
from hxtorch.core.errors import RoutingError
from hxtorch.core.fit.remedy import Remedy, smallest_change
from hxtorch.core.fit.traffic import Load, Rates, expected_traffic
from hxtorch.core.networks.network import Network
from hxtorch.core.networks.populations import BackgroundPopulation, Population
from hxtorch.core.routing.background import hemispheres
from hxtorch.core.routing.demand import Demand, demand_of
from hxtorch.core.routing.exact import NoWayError, possible_routers, solver
from hxtorch.core.routing.groups import PORTFOLIO
from hxtorch.core.routing.portfolio import ROUTERS, build_routing
from hxtorch.core.routing.report import MAX_INPUTS
from hxtorch.core.routing.routes import BUSES, LABELS, Routing
from hxtorch.core.seam.integers import frozen


@dataclass(frozen=True)
class Usage:
    """How much of something is used, or needed where it exceeds what there is."""

    used: int
    available: int

    def __str__(self) -> str:
        return f"{self.used} of {self.available}"


@dataclass(frozen=True, eq=False)
class FitReport:
    """What a network takes of the chip; ``str`` gives it as text.

    Attributes:
        problem: Why no way was found, naming the layer, or None if the network fits.
        verdict: ``fits``; ``does not fit`` where counting or the exact router proves that; else ``undecided``.
        remedy: The smallest change of one population that fits, or None if none does or none is needed.
        circuits: Neuron circuits of the top and of the bottom hemisphere.
        drivers: Synapse drivers of each hemisphere, two rows each. If the network does not fit, the least number that
            its neurons need, which may exceed what there is.
        inputs: Most signed inputs of a neuron of each population on the chip, with the population's name; each input
            takes two rows of a column of the neuron, which has as many columns as circuits.
        labels: Labels of sources, of the chip.
        labels_by_group: Labels in each (PADI bus, group of drivers), int64 (4, groups), of 64 each; None if the network
            does not fit.
        router: Name of the router that found a way, or None.
        generators: Background generators of each hemisphere. If the network does not fit, those of its populations.
        cadc_channels: Recorded CADC channels of each hemisphere.
        madc_channels: Neurons that the MADC samples.
        traffic: Expected event rates, empty if none are given or the network does not fit.
        population_of: Position in ``population_names`` of the population of each circuit, int64 (512,), or -1.
        projection_at: Position in ``projection_names`` of the projection at each driver and column, int64
            (2, 128, 256), or -1; None if the network does not fit.
        fan_in: Signed inputs of each circuit, int64 (512,), those of a neuron shared out over its circuits.
        population_names: All populations.
        projection_names: All projections.
    """

    problem: str | None
    verdict: Literal["fits", "does not fit", "undecided"]
    remedy: Remedy | None
    circuits: tuple[Usage, Usage]
    drivers: tuple[Usage, Usage]
    inputs: tuple[tuple[str, Usage], ...]
    labels: Usage
    labels_by_group: np.ndarray | None
    cadc_channels: tuple[Usage, Usage]
    madc_channels: Usage
    traffic: tuple[Load, ...]
    population_of: np.ndarray
    projection_at: np.ndarray | None
    fan_in: np.ndarray
    population_names: tuple[str, ...]
    projection_names: tuple[str, ...]
    router: str | None
    generators: tuple[Usage, Usage]

    @property
    def fits(self) -> bool:
        """Whether a way was found."""
        return self.verdict == "fits"

    @property
    def rows(self) -> tuple[Usage, Usage]:
        """Synapse rows of each hemisphere, or needed ones as for the drivers."""
        top, bottom = (Usage(2 * drivers.used, 2 * drivers.available) for drivers in self.drivers)
        return top, bottom

    @property
    def overloaded(self) -> tuple[Load, ...]:
        """Links and buses that are expected to lose events."""
        return tuple(load for load in self.traffic if load.overloaded)

    def __str__(self) -> str:
        said = {
            "fits": "The network fits.",
            "does not fit": f"The network does not fit: {self.problem}",
            "undecided": f"No way was found, and no proof that there is none: {self.problem}",
        }
        lines = [said[self.verdict]]
        if self.remedy:
            lines.append(f"Smallest change that fits: {self.remedy}")
        elif self.problem:
            lines.append("No change of the size of one population makes it fit.")
        needed = "" if self.fits else " (needed)"
        lines.append(f"{'':<24}{'top':<14}bottom")
        used: list[tuple[str, tuple[Usage, Usage]]] = [
            ("circuits", self.circuits),
            ("synapse rows" + needed, self.rows),
            ("drivers" + needed, self.drivers),
            ("CADC channels", self.cadc_channels),
        ]
        if any(usage.used for usage in self.generators):
            used.append(("background generators", self.generators))
        for what, (top, bottom) in used:
            lines.append(f"{what:<24}{top!s:<14}{bottom}")
        lines += [f"{'MADC channels':<24}{self.madc_channels}", f"{'labels' + needed:<24}{self.labels}"]
        if self.labels_by_group is not None:
            for bus, groups in enumerate(self.labels_by_group):
                counts = ", ".join(map(str, groups))
                lines.append(f"{f'  PADI bus {bus}':<24}{counts} in groups of {LABELS}")
            lines.append(f"{'router':<24}{self.router}")
        lines += [f"{f'inputs of {name!r}':<23} at most {usage}" for name, usage in self.inputs]
        lines += [f"{load.name:<31} {load}" for load in self.traffic]
        return "\n".join(lines)


def network_report(network: Network, rates: Rates | None, exact: bool) -> FitReport:
    """Return the report of :func:`~hxtorch.core.fit_report` on a network."""
    if exact:
        solver()
    problem, routing = None, None
    verdict: Literal["fits", "does not fit", "undecided"] = "fits"
    demand = demand_of(network)
    try:
        routing = build_routing(network, ROUTERS if exact else PORTFOLIO)
    except RoutingError as error:
        problem = str(error)
        verdict = "does not fit" if isinstance(error, NoWayError) or _ruled_out(demand) else "undecided"
    fan_in, population_of, recorded = _on_circuits(demand)
    names = tuple(population.name for population in network.populations.values())
    on_chip = [p for p in network.populations.values() if isinstance(p, Population)]
    needed = (routing.places > 0).any(2).sum(1) if routing else fan_in.reshape(2, COLUMNS).max(1)
    groups = 4 if routing is None else routing.labels_by_group.shape[1]
    inputs = demand.fan_out.sum(0)
    return FitReport(
        problem=problem,
        verdict=verdict,
        remedy=smallest_change(network) if problem else None,
        circuits=_both((population_of >= 0).reshape(2, COLUMNS).sum(1), COLUMNS),
        drivers=_both(needed, DRIVERS),
        inputs=tuple((p.name, Usage(int(inputs[p.neurons].max()), MAX_INPUTS * p.circuits.shape[1])) for p in on_chip),
        labels=Usage(int(demand.needed.sum()), BUSES * groups * LABELS),
        labels_by_group=None if routing is None else frozen(routing.labels_by_group, np.int64),
        cadc_channels=_both(recorded.reshape(2, COLUMNS).sum(1), COLUMNS),
        madc_channels=Usage(sum(p.madc_index is not None for p in on_chip), 1),
        traffic=expected_traffic(network, routing, rates) if routing and rates is not None else (),
        population_of=frozen(population_of, np.int64),
        projection_at=None if routing is None else _projection_at(network, routing),
        fan_in=frozen(fan_in, np.int64),
        population_names=names,
        projection_names=tuple(projection.name for projection in network.projections.values()),
        router=routing.router if routing else None,
        generators=_both(_generators(demand, routing), BUSES),
    )


def has_way(network: Network) -> bool:
    """Return whether a greedy router finds a way, without a report."""
    try:
        build_routing(network, PORTFOLIO)
    except RoutingError:
        return False
    return True


def _ruled_out(demand: Demand) -> bool:
    """Return whether counting alone proves that there is no way."""
    try:
        possible_routers(demand)
    except RoutingError:
        return True
    return False


def _both(used: np.ndarray, available: int) -> tuple[Usage, Usage]:
    return Usage(int(used[0]), available), Usage(int(used[1]), available)


def _on_circuits(demand: Demand) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return signed inputs, position of the population or -1, and CADC recording of each circuit, each (512,)."""
    fan_in, population_of = np.zeros(2 * COLUMNS, np.int64), np.full(2 * COLUMNS, -1, np.int64)
    recorded = np.zeros(2 * COLUMNS, np.bool_)
    inputs = demand.fan_out.sum(0)
    for position, population in enumerate(demand.network.populations.values()):
        if isinstance(population, Population):
            population_of[population.circuits] = position
            recorded[population.neurons] = population.record_cadc
            width = population.circuits.shape[1]
            fan_in[population.circuits] = -(-inputs[population.neurons] // width)[:, np.newaxis]
    return fan_in, population_of, recorded


def _generators(demand: Demand, routing: Routing | None) -> np.ndarray:
    """Return how many background generators each hemisphere has in use, or would need, int64 (2,)."""
    if routing is not None:
        taken = [generator // 4 for place in routing.background.values() for generator in place.generators]
        return np.bincount(np.array(taken, np.int64), minlength=2)
    needed = np.zeros(2, np.int64)
    for descriptor, population in demand.network.populations.items():
        if isinstance(population, BackgroundPopulation):
            needed[hemispheres(demand, descriptor)] += 1
    return needed


def _projection_at(network: Network, routing: Routing) -> np.ndarray:
    if not network.projections:
        return frozen(np.full(routing.places.shape, -1, np.int64), np.int64)
    ends = np.cumsum([projection.weights.size for projection in network.projections.values()])
    projection = np.searchsorted(ends, routing.places - 1, side="right")
    return frozen(np.where(routing.places > 0, projection, -1), np.int64)
