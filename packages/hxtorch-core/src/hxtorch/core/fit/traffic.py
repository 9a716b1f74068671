"""Expected events a second on links and buses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hxtorch.core.errors import ProgramError
from hxtorch.core.networks.network import Network, PopulationDescriptor
from hxtorch.core.networks.populations import BackgroundPopulation, Population
from hxtorch.core.routing.routes import BUSES, Routing, event_outputs
from hxtorch.core.seam.programs import CYCLE

Rates = Mapping[PopulationDescriptor, "float | np.ndarray"]

# Source: chip facts 5, event loss.
_CHANNEL = 1 / CYCLE  # events per second of a PADI bus and of a link channel in each direction
_LINK_DOWN = 2 / CYCLE  # of all channels to the chip together: an instruction a cycle holds two labels


@dataclass(frozen=True)
class Load:
    """One way that events take.

    Attributes:
        name: Which way.
        rate: Expected events per second.
        capacity: Events per second that it can take.
    """

    name: str
    rate: float
    capacity: float

    @property
    def overloaded(self) -> bool:
        return self.rate > self.capacity

    def __str__(self) -> str:
        remark = ", too many" if self.overloaded else ""
        return f"{self.rate / 1e6:.2f} of {self.capacity / 1e6:.0f} MHz{remark}"


def expected_traffic(network: Network, routing: Routing, rates: Rates) -> tuple[Load, ...]:
    """Add up the events of all sources on each way that they take through the chip.

    A crossbar node passes all events of its input, so a bus also carries events that none of its synapses wants.

    Args:
        network: What was routed.
        routing: Its routing.
        rates: Mean rate of each source in Hz, real >= 0, a scalar or (size,), by population; others are silent, but
            background populations, whose rates follow from their generators.

    Returns:
        The link to the chip, its four channels, the four PADI buses of each hemisphere, the four channels to the host.

    Raises:
        ProgramError: A rate is negative or not finite, has the wrong shape, or its population is unknown.
    """
    hertz = _legal(network, rates)
    inputs, up, recorded = np.zeros(20), np.zeros(BUSES), np.zeros(8, np.bool_)
    for descriptor, population in network.populations.items():
        rate = hertz[descriptor]
        if isinstance(population, Population):
            outputs = event_outputs(population.neurons)
            np.add.at(inputs, outputs, np.where(routing.event_addresses[population.neurons] >= 0, rate, 0))
            recorded[outputs] |= population.record_spikes
        elif isinstance(population, BackgroundPopulation):
            place = routing.background.get(descriptor)
            if place is not None:
                inputs[12 + np.array(place.generators)] = rate.sum()
                up[place.generators[0] % BUSES] += rate.sum() * population.record_spikes
        else:
            channels = routing.external_labels[descriptor] >> 14
            np.add.at(inputs, 8 + channels, rate)
            np.add.at(up, channels, rate * population.record_spikes)
    np.add.at(up, np.arange(8) % BUSES, inputs[:8] * recorded)
    buses = (inputs[:, None] * routing.feeds).reshape(5, BUSES, 2).sum(0)  # crossbar input i leads to bus i % 4
    loads = [Load("link to the chip", float(inputs[8:12].sum()), _LINK_DOWN)]
    loads += [Load(f"link to the chip, channel {bus}", float(inputs[8 + bus]), _CHANNEL) for bus in range(BUSES)]
    for hemisphere, name in enumerate(("top", "bottom")):
        loads += [Load(f"PADI bus {bus}, {name}", float(buses[bus, hemisphere]), _CHANNEL) for bus in range(BUSES)]
    loads += [Load(f"link to the host, channel {bus}", float(up[bus]), _CHANNEL) for bus in range(BUSES)]
    return tuple(loads)


def _legal(network: Network, rates: Rates) -> dict[PopulationDescriptor, np.ndarray]:
    unknown = [descriptor for descriptor in rates if descriptor not in network.populations]
    if unknown:
        raise ProgramError(f"rates: {unknown[0]} is no population of this network")
    hertz = {}
    for descriptor, population in network.populations.items():
        if isinstance(population, BackgroundPopulation):
            if descriptor in rates:
                raise ProgramError(f"rates of {population.name!r}: got one, but it follows from the generator")
            hertz[descriptor] = np.full(population.size, population.source.events_per_second / population.size)
            continue
        rate = np.asarray(rates.get(descriptor, 0.0), np.float64)
        if rate.shape not in ((), (population.size,)):
            raise ProgramError(
                f"rates of {population.name!r}: got shape {rate.shape}, wanted a scalar or ({population.size},)"
            )
        bad = rate[~(np.isfinite(rate) & (rate >= 0))]
        if bad.size:
            raise ProgramError(f"rates of {population.name!r}: got {bad.flat[0]} Hz, wanted finite rates of at least 0")
        hertz[descriptor] = np.broadcast_to(rate, (population.size,))
    return hertz
