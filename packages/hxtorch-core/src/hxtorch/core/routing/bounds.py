"""What no router can do: conditions that a network has to meet, told by counting alone."""

from __future__ import annotations

import numpy as np

from hxtorch.core.networks.populations import BackgroundPopulation
from hxtorch.core.routing import report
from hxtorch.core.routing.background import hemispheres, no_generator_left
from hxtorch.core.routing.demand import Demand
from hxtorch.core.routing.routes import BUSES, LABELS


def check_chip(demand: Demand) -> None:
    """Refuse what no way of routing can do: too many inputs of a neuron, too many background generators.

    Raises:
        RoutingError: Naming the layer.
    """
    report.check_fan_in(demand)
    generators = [0, 0]
    for descriptor, population in demand.network.populations.items():
        if isinstance(population, BackgroundPopulation):
            for hemisphere in hemispheres(demand, descriptor):
                generators[hemisphere] += 1
                if generators[hemisphere] > BUSES:
                    raise no_generator_left(f"population {population.name!r}")


def check_groups(demand: Demand, candidates: np.ndarray, drivers: int) -> None:
    """Refuse what no router with these groups of drivers can do.

    Args:
        demand: Of the network.
        candidates: Which pairs (bus, group) each crossbar input 0..7 may use, bool (8, pairs). Two inputs have the same
            pairs or none in common.
        drivers: Of a group.

    Raises:
        RoutingError: There are more sources than labels, among all of them or among those that have to share pairs; or
            more synapses on a neuron than those pairs have drivers.
    """
    pairs = candidates.shape[1]
    needed = np.flatnonzero(demand.needed)
    if len(needed) > pairs * LABELS:
        raise report.does_not_fit(demand, int(needed[pairs * LABELS]), True, pairs * LABELS)
    capacity = drivers * demand.circuits
    if (demand.fan_out.max(0, initial=0) > capacity).any():
        parallel = (demand.fan_out > capacity).any(1)
        raise report.does_not_fit(demand, int(parallel.argmax()), False, pairs * LABELS)
    outputs = demand.outputs[needed]
    for own in {row.tobytes(): row for row in candidates}.values():
        sharing = (candidates == own).all(1)
        sources = needed[(outputs >= 0) & sharing[outputs]]
        room = int(own.sum())
        if len(sources) > room * LABELS:
            raise report.does_not_fit(demand, int(sources[room * LABELS]), True, pairs * LABELS)
        if len(sources) and (demand.fan_out[sources].sum(0) > room * capacity).any():
            over = (demand.fan_out[sources].cumsum(0) > room * capacity).any(1)
            raise report.does_not_fit(demand, int(sources[over.argmax()]), False, pairs * LABELS)
