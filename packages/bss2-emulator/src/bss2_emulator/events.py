"""The path of events: crossbar, PADI buses, row select and synapse labels (facts 1.3, 1.4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bss2_emulator.config import ChipConfig
from bss2_emulator.constants import BUSES, DRIVERS, HEMISPHERES, LINK_INPUT
from bss2_emulator.coordinates import DRIVER_BUS, DRIVER_POSITION, IntArray, crossbar_reach, row_select, synapse_label

_REACH = crossbar_reach()


@dataclass(frozen=True, eq=False)
class Routes:
    """Where the events of some sources go.

    Attributes:
        action: For each source its number among those that select a driver, -1 for the others, int32 (sources,).
        linked: The event comes back over the link, bool (sources,).
        dropped: No crossbar node forwards the event, bool (sources,).
        drivers: Selected drivers ``128 * hemisphere + d``, one action after the other, int32.
        driver_offsets: int32 (actions + 1,).
        labels: Synapse label of each action, uint8 (actions,).
    """

    action: NDArray[np.int32]
    linked: NDArray[np.bool_]
    dropped: NDArray[np.bool_]
    drivers: NDArray[np.int32]
    driver_offsets: NDArray[np.int32]
    labels: NDArray[np.uint8]


def forwarded(config: ChipConfig, inputs: IntArray, labels: IntArray) -> NDArray[np.bool_]:
    """Return which of the 12 crossbar outputs get an event, (sources, 12).

    Args:
        config: Registers.
        inputs: Crossbar input of each source, (sources,).
        labels: 14-bit label of each source, (sources,).
    """
    mask, target = config.crossbar_mask[inputs], config.crossbar_target[inputs]
    return np.asarray(((labels[:, None] & mask) == target) & _REACH[inputs])


def selected_drivers(config: ChipConfig, buses: NDArray[np.bool_], labels: IntArray) -> NDArray[np.bool_]:
    """Return which drivers act on events, (sources, 2, 128).

    Args:
        config: Registers.
        buses: PADI buses that carry the event, (sources, 8).
        labels: Label of each source, (sources,).
    """
    mask = config.row_select_mask.astype(np.int64)
    match = (DRIVER_POSITION & mask) == (row_select(labels)[:, None, None] & mask)
    return np.asarray(match & buses.reshape(-1, HEMISPHERES, BUSES)[:, :, DRIVER_BUS])


def route(config: ChipConfig, inputs: IntArray, labels: IntArray) -> Routes:
    """Follow one event of each source; arguments as for :func:`forwarded`."""
    outputs = forwarded(config, inputs, labels)
    drivers = selected_drivers(config, outputs[:, : HEMISPHERES * BUSES], labels).reshape(
        len(labels), HEMISPHERES * DRIVERS
    )
    acting = drivers.any(axis=1)
    counts = drivers[acting].sum(axis=1)
    return Routes(
        action=np.where(acting, np.cumsum(acting) - 1, -1).astype(np.int32),
        linked=np.asarray(outputs[:, LINK_INPUT:].any(axis=1)),
        dropped=np.asarray(~outputs.any(axis=1)),
        drivers=np.nonzero(drivers[acting])[1].astype(np.int32),
        driver_offsets=np.concatenate(([0], np.cumsum(counts))).astype(np.int32),
        labels=synapse_label(labels[acting]).astype(np.uint8),
    )
