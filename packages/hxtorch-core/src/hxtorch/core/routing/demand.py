"""What a network asks of a router: which source has how many synapses on which neuron."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bss2_emulator.facts.constants import NEURONS
from hxtorch.core.networks.network import Network, PopulationDescriptor
from hxtorch.core.networks.populations import Population
from hxtorch.core.routing.routes import BUSES, event_outputs


@dataclass(frozen=True, eq=False)
class Demand:
    """All sources of a network in one row; neurons by the circuit that fires.

    Attributes:
        network: Whose demand it is.
        first: Number of the first source of each population.
        outputs: Crossbar input of each source that is a neuron, int64 (sources,), -1 for all others.
        fan_out: Number of synapses of each source on each neuron, int16 (sources, 512).
        needed: Whether the source sends events at all, bool (sources,).
        circuits: Number of circuits of each neuron, int64 (512,), at least 1.
    """

    network: Network
    first: Mapping[PopulationDescriptor, int]
    outputs: np.ndarray
    fan_out: np.ndarray
    needed: np.ndarray
    circuits: np.ndarray

    @property
    def buses(self) -> np.ndarray:
        """PADI bus of each source, int64 (sources,), -1 where it may be chosen."""
        return np.where(self.outputs < 0, -1, self.outputs % BUSES)

    def of(self, descriptor: PopulationDescriptor) -> slice:
        """Return the sources of a population."""
        start = self.first[descriptor]
        return slice(start, start + self.network.populations[descriptor].size)


def demand_of(network: Network) -> Demand:
    """Count the synapses of ``network``."""
    first, outputs, needed = {}, [], []
    circuits = np.ones(NEURONS, np.int64)
    count = 0
    for descriptor, population in network.populations.items():
        first[descriptor] = count
        count += population.size
        if isinstance(population, Population):
            outputs.append(event_outputs(population.neurons))
            needed.append(np.full(population.size, population.record_spikes))
            circuits[population.neurons] = population.circuits.shape[1]
        else:
            outputs.append(np.full(population.size, -1))
            needed.append(np.ones(population.size, np.bool_))
    fan_out = np.zeros((count, NEURONS), np.int16)
    for projection in network.projections.values():
        post = network.target(projection)
        rows = slice(first[projection.pre], first[projection.pre] + len(projection.weights))
        fan_out[rows, post.neurons] += 1 if projection.mask is None else projection.mask
    return Demand(
        network,
        first,
        np.concatenate(outputs) if outputs else np.empty(0, np.int64),
        fan_out,
        (np.concatenate(needed) if needed else np.empty(0, np.bool_)) | fan_out.any(1),
        circuits,
    )
