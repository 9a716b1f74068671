"""What a router finds: labels of sources, places of synapses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from bss2_emulator.facts.constants import BUSES as BUSES
from bss2_emulator.facts.constants import COLUMNS, COLUMNS_PER_OUTPUT, DRIVERS
from bss2_emulator.ground.cached import cached_property
from hxtorch.core.networks.network import Network, PopulationDescriptor, ProjectionDescriptor
from hxtorch.core.networks.populations import BackgroundSpikeSource

DRIVERS_PER_BUS = DRIVERS // BUSES
LABELS = 64
LOOPBACK_BIT = 1 << 12
BACKGROUND_BIT = 1 << 11


@dataclass(frozen=True, eq=False)
class BackgroundPlace:
    """Generators of one background population.

    Attributes:
        generators: Numbers 0..7; those of the bottom hemisphere are 4 and above.
        mask: Low bits of the label that are drawn at random.
        label: 14-bit label of source 0.
        labels: 14-bit label of each source, uint16 (size,).
        source: How the generators make events.
    """

    generators: tuple[int, ...]
    mask: int
    label: int
    labels: np.ndarray
    source: BackgroundSpikeSource


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
        feeds: Whether a source on crossbar input 0..19 is heard in each hemisphere, bool (20, 2).
        row_select_mask: Which bits of the row select address all drivers compare.
        background: Generators of each background population that sends.
        labels_by_group: Labels in use in each (PADI bus, group of drivers), int64 (4, groups), of 64 each.
        router: Name of the router that found it.
    """

    external_labels: Mapping[PopulationDescriptor, np.ndarray]
    event_addresses: np.ndarray
    offsets: Mapping[ProjectionDescriptor, int]
    places: np.ndarray
    synapse_labels: np.ndarray
    feeds: np.ndarray
    row_select_mask: int
    background: Mapping[PopulationDescriptor, BackgroundPlace] = field(default_factory=dict)
    labels_by_group: np.ndarray = field(default_factory=lambda: np.zeros((BUSES, 1), np.int64))
    router: str = ""

    @cached_property
    def used_places(self) -> tuple[tuple[slice, slice, slice], np.ndarray]:
        """The smallest box of :attr:`places` around those in use, and what it holds."""
        hemispheres, drivers, columns = (_span(axis) for axis in np.nonzero(self.places))
        box = hemispheres, drivers, columns
        return box, np.ascontiguousarray(self.places[box])


def _span(positions: np.ndarray) -> slice:
    return slice(int(positions.min()), int(positions.max()) + 1) if len(positions) else slice(0)


class Router(Protocol):
    """Finds a routing for networks of some kind."""

    @property
    def name(self) -> str:
        """Used in messages."""
        ...

    def route(self, network: Network) -> Routing:
        """Route ``network``.

        Raises:
            RoutingError: This router finds no way.
        """
        ...


def event_outputs(neurons: np.ndarray) -> np.ndarray:
    """Return the crossbar input 0..7 that each neuron ``n`` sends to.

    Source: chip facts 1.1.
    """
    outputs: np.ndarray = neurons % COLUMNS // COLUMNS_PER_OUTPUT
    return outputs
