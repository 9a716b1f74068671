"""Which labels occur, and where their events go: followed once, looked up for each event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bss2_emulator.config import ChipConfig
from bss2_emulator.constants import CROSSBAR_INPUTS, LINK_INPUT
from bss2_emulator.coordinates import spike_label
from bss2_emulator.events import Routes, route
from bss2_emulator.inputs import Events
from bss2_emulator.memo import Memo
from bss2_emulator.propagators import padded

PLAIN: Final = 0  # fate of an input event: acts or ends inside the chip
LOOPED: Final = 1  # comes back over the link
DROPPED: Final = 2  # no crossbar node forwards it
UNKNOWN: Final = 3
KEEP: Final = 4096  # known labels beyond which only those in use are kept


@dataclass(frozen=True, eq=False)
class Page:
    """Routes of a set of input labels and of the spikes of the active neurons.

    Attributes:
        routes: Of all sources: input labels, then active neurons.
        fate: PLAIN, LOOPED, DROPPED or UNKNOWN for each 16-bit label, uint8 (65536,).
        label_action: Action of each 16-bit label, -1 none, int32 (65536,).
        neuron_action: Action of each active neuron, -1 none, padded, int32 (width,).
        neuron_linked, neuron_dropped: What becomes of its spikes, bool (active,).
    """

    routes: Routes
    fate: NDArray[np.uint8]
    label_action: NDArray[np.int32]
    neuron_action: NDArray[np.int32]
    neuron_linked: NDArray[np.bool_]
    neuron_dropped: NDArray[np.bool_]

    def dropped_inputs(self, labels: NDArray[np.uint16]) -> NDArray[np.int64]:
        """Count dropped input events by crossbar input, (20,)."""
        dropped = np.zeros(CROSSBAR_INPUTS, np.int64)
        if (self.fate == DROPPED).any():
            lost = labels[self.fate[labels] == DROPPED]
            dropped[LINK_INPUT : LINK_INPUT + 4] = np.bincount(lost >> 14, minlength=4)
        return dropped

    def loopback(self, events: Events) -> tuple[NDArray[np.int64], NDArray[np.uint16], NDArray[np.int64]]:
        """Return times, labels and offsets of the input events that come back."""
        if not (self.fate == LOOPED).any():
            return np.empty(0, np.int64), np.empty(0, np.uint16), np.zeros(len(events.offsets), np.int64)
        back = self.fate[events.labels] == LOOPED
        return events.times[back], events.labels[back], np.concatenate(([0], np.cumsum(back)))[events.offsets]


class LabelBook:
    """Follows labels when they first occur. Pages are kept while the event path keeps its registers."""

    def __init__(self) -> None:
        self._memo = Memo()
        self._known: NDArray[np.int64] = np.empty(0, np.int64)

    def follow(self, config: ChipConfig, active: NDArray[np.int64], labels: NDArray[np.uint16]) -> Page:
        """Return a page that knows all ``labels`` and the spikes of the ``active`` neurons."""
        page = self._page(config, active)
        if len(labels) and page.fate[labels].max() == UNKNOWN:
            used = np.flatnonzero(np.bincount(labels, minlength=1))
            known = np.union1d(self._known, used)
            self._known = known if len(known) <= KEEP else used
            page = self._page(config, active)
        return page

    def _page(self, config: ChipConfig, active: NDArray[np.int64]) -> Page:
        registers = (
            config.crossbar_mask, config.crossbar_target, config.row_select_mask, config.event_address,
            config.enable_spike_output,
        )  # fmt: skip
        return self._memo.get(
            "page", (*registers, active, self._known), lambda: _write_page(config, active, self._known)
        )


def _write_page(config: ChipConfig, active: NDArray[np.int64], known: NDArray[np.int64]) -> Page:
    firing = config.enable_spike_output[active]
    own = spike_label(active, config.event_address[active].astype(np.int64))
    spikes, spike_source = np.unique(own, return_inverse=True)  # the label holds the crossbar input
    inputs = np.concatenate((LINK_INPUT + (known >> 14), spikes >> 8))
    routes = route(config, inputs, np.concatenate((known & 0x3FFF, spikes)))
    count = len(known)
    fate = np.full(65536, UNKNOWN, np.uint8)
    fate[known] = np.where(routes.linked[:count], LOOPED, np.where(routes.dropped[:count], DROPPED, PLAIN))
    label_action = np.full(65536, -1, np.int32)
    label_action[known] = routes.action[:count]
    source = count + spike_source.reshape(-1)
    return Page(
        routes=routes,
        fate=fate,
        label_action=label_action,
        neuron_action=padded(np.where(firing, routes.action[source], -1).astype(np.int32), -1),
        neuron_linked=routes.linked[source] & firing,
        neuron_dropped=routes.dropped[source] & firing,
    )
