"""Which labels occur, and where their events go: followed once, looked up for each event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bss2_emulator.config import ChipConfig
from bss2_emulator.events import background
from bss2_emulator.events import path as events
from bss2_emulator.facts import constants as c
from bss2_emulator.facts.coordinates import spike_label
from bss2_emulator.ground.cached import cached_property
from bss2_emulator.memo import Memo
from bss2_emulator.silicon.serial import Silicon

KEEP: Final = 4096  # known labels beyond which only those in use are kept
_REGISTERS: Final = attrgetter(
    *events.REGISTERS, "event_address", "enable_spike_output", "enable_background", "background_mask",
    "background_label",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Page:
    """Routes of a set of input labels, of the background generators, and of the spikes of the active neurons.

    Attributes:
        routes: Of all sources that differ, and their actions.
        table: Of all sources: input labels, background labels, active neurons;
            :data:`~bss2_emulator.events.path.ROUTE`.
        label: 16-bit label of each source as it comes over the link, uint16.
        neuron: Neuron n that each source is, -1 none, (sources,).
        first_neuron: Source of the first active neuron.
        count: Pages that share the list of sources.
        label_route: Source of each 16-bit label, -1 unknown, int32 (65536,).
        background_route: Source of each generator's labels by their lower 8 bits, int32 (8, 256).
        neuron_route: Source of each neuron n, -1 if it is not active or has no output, int32 (512,).
    """

    routes: events.Routes
    table: NDArray[np.void]
    label: NDArray[np.uint16]
    neuron: NDArray[np.int64]
    first_neuron: int
    count: int
    label_route: NDArray[np.int32]
    background_route: NDArray[np.int32]
    neuron_route: NDArray[np.int32]

    @cached_property
    def chip_label(self) -> NDArray[np.uint16]:
        """Label of each source on the chip: without the link's channel."""
        labels: NDArray[np.uint16] = self.label & np.uint16(0x3FFF)
        return labels

    @cached_property
    def input(self) -> NDArray[np.uint8]:
        """Crossbar input of each source."""
        return np.ascontiguousarray(self.table["input"])


class LabelBook:
    """Follows labels when they first occur. Pages are kept while the event path keeps its registers.

    Args:
        silicon: The chip.
    """

    def __init__(self, silicon: Silicon) -> None:
        self._silicon = silicon
        self._memo = Memo()
        self._known: NDArray[np.int64] = np.empty(0, np.int64)

    @property
    def known(self) -> NDArray[np.int64]:
        """The labels that pages know: the same array while they know the same."""
        return self._known

    def learn(self, labels: NDArray[np.uint16]) -> None:
        """Let pages know some more labels; where they are many, forget all others."""
        used = np.flatnonzero(np.bincount(labels, minlength=1))
        known = np.union1d(self._known, used)
        self._known = known if len(known) <= KEEP else used

    def follow_all(self, configs: Sequence[ChipConfig], active: NDArray[np.int64]) -> list[Page]:
        """Return a page for each of the ``configs`` that hold one after the other; all number sources in one list.

        Args:
            configs: Registers.
            active: Neurons n, ascending, whose spikes pages know.
        """
        self._memo.compare = len(configs)
        pages = [self._page(config, active) for config in configs]
        different = list({id(page): page for page in pages}.values())
        if len(different) == 1:
            return pages
        bound = self._memo.get("bound", (tuple(different),), lambda: _bind(different))
        return [bound[[page is other for other in different].index(True)] for page in pages]

    def _page(self, config: ChipConfig, active: NDArray[np.int64]) -> Page:
        inputs = (*_REGISTERS(config), active, self._known)
        return self._memo.get("page", inputs, lambda: _write_page(config, self._silicon, active, self._known))


def _write_page(config: ChipConfig, silicon: Silicon, active: NDArray[np.int64], known: NDArray[np.int64]) -> Page:
    making = [(k, background.labels(config, k)) for k in np.flatnonzero(config.enable_background).tolist()]
    made = np.concatenate([np.empty(0, np.int64), *(labels for _, labels in making)])
    maker = np.concatenate([np.empty(0, np.int64), *(np.full(len(labels), k) for k, labels in making)])
    spikes = spike_label(active, config.event_address[active].astype(np.int64))  # the label holds the crossbar input
    inputs = np.concatenate((c.LINK_INPUT + (known >> 14), c.BACKGROUND_INPUT + maker, spikes >> 8))
    labels = np.concatenate((known & 0x3FFF, made, spikes))
    different, source = np.unique(inputs << 14 | labels, return_inverse=True)
    routes = events.route(config, different >> 14, different & 0x3FFF, silicon)
    label_route = np.full(65536, -1, np.int32)
    label_route[known] = np.arange(len(known))
    background_route = np.full((c.BACKGROUND_SOURCES, 256), -1, np.int32)
    background_route[maker, made & 0xFF] = len(known) + np.arange(len(made))
    first = len(known) + len(made)
    neuron_route = np.full(c.NEURONS, -1, np.int32)
    neuron_route[active] = np.where(config.enable_spike_output[active], first + np.arange(len(active)), -1)
    return Page(
        routes=routes,
        table=np.ascontiguousarray(routes.table[source.reshape(-1)]),
        label=(inputs % c.LINK_CHANNELS << 14 | labels).astype(np.uint16),
        neuron=np.concatenate((np.full(first, -1), active)),
        first_neuron=first,
        count=1,
        label_route=label_route,
        background_route=background_route,
        neuron_route=neuron_route,
    )


def _bind(pages: list[Page]) -> list[Page]:
    """Put the sources of all pages into one list, one page after the other, and so their actions and parts."""
    routes = events.bind([page.routes for page in pages])
    label = np.concatenate([page.label for page in pages])
    neuron = np.concatenate([page.neuron for page in pages])
    bound, sources = [], 0
    table, actions = np.concatenate([page.table for page in pages]), 0
    for page in pages:
        here = table[sources : sources + len(page.table)]
        here["action"] = _shifted(here["action"], actions)
        sources, actions = sources + len(page.table), actions + page.routes.actions
    sources = 0
    for page in pages:
        bound.append(
            replace(
                page,
                routes=routes,
                table=table,
                label=label,
                neuron=neuron,
                first_neuron=pages[0].first_neuron,
                count=len(pages),
                label_route=_shifted(page.label_route, sources),
                background_route=_shifted(page.background_route, sources),
                neuron_route=_shifted(page.neuron_route, sources),
            )
        )
        sources += len(page.table)
    return bound


def _shifted(numbers: NDArray[np.int32], by: int) -> NDArray[np.int32]:
    return np.where(numbers < 0, numbers, numbers + by).astype(np.int32)
