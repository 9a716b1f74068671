"""The path of events: crossbar, PADI buses, drivers and what they hand to synapses (facts 1.3, 1.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bss2_emulator.config import ChipConfig
from bss2_emulator.facts import constants as c
from bss2_emulator.facts.coordinates import (
    DRIVER_BUS,
    DRIVER_POSITION,
    IntArray,
    crossbar_reach,
    row_select,
    synapse_label,
)
from bss2_emulator.silicon.serial import FloatArray, Silicon

_REACH = crossbar_reach()
_PADI: Final = c.HEMISPHERES * c.BUSES

REGISTERS: Final = (
    "crossbar_mask", "crossbar_target", "row_select_mask", "enable_receiver", "enable_address_out",
    "enable_hagen_modulation", "hagen_dac_offset", "dacen_pulse_extension", "enable_stp",
)  # fmt: skip

# A source as the kernel sees it (transport.h).
ROUTE: Final = np.dtype(
    [("action", np.int32), ("buses", np.uint8), ("input", np.uint8), ("linked", np.uint8), ("forwarded", np.uint8)]
)


@dataclass(frozen=True, eq=False)
class Routes:
    """Where the events of some sources go.

    A source whose events select a driver has an *action*. It is compiled to a row of synaptic effects: number
    ``action`` for all its drivers without short-term plasticity, and a further one, a *part*, for each driver with it.

    Attributes:
        table: What the kernel knows of each source, :data:`ROUTE` (sources,); ``action`` is -1 where there is none.
        row_offsets: Row ``r`` has the drivers ``[row_offsets[r], row_offsets[r + 1])``, int32 (rows + 1,).
        drivers: Drivers ``128 * hemisphere + d`` of the rows, int32.
        seen: Label that the synapses of these drivers see, uint8.
        pulse: Length of the pulse over the nominal one, float32.
        part_offsets: Parts of the actions, int32 (actions + 1,).
        part_driver: Driver of each part, int32 (parts,).
    """

    table: NDArray[np.void]
    row_offsets: NDArray[np.int32]
    drivers: NDArray[np.int32]
    seen: NDArray[np.uint8]
    pulse: NDArray[np.float32]
    part_offsets: NDArray[np.int32]
    part_driver: NDArray[np.int32]

    @property
    def action(self) -> NDArray[np.int32]:
        """Action of each source, -1 none, int32 (sources,)."""
        return np.asarray(self.table["action"])

    @property
    def actions(self) -> int:
        return len(self.part_offsets) - 1


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
    mask = config.row_select_mask
    match = (DRIVER_POSITION.astype(np.uint8) & mask) == (row_select(labels).astype(np.uint8)[:, None, None] & mask)
    on_bus = buses.reshape(-1, c.HEMISPHERES, c.BUSES)[:, :, DRIVER_BUS]
    return np.asarray(match & on_bus & config.enable_receiver)


def pulses(config: ChipConfig, drivers: IntArray, labels: IntArray, silicon: Silicon) -> FloatArray:
    """Return the length of pulses over the nominal one.

    Args:
        config: Registers. The extension of a bus adds a nominal pulse per code; where a driver modulates, the lower
            five label bits shorten its pulse as in hagen mode: ``32 - bits`` of 31 steps.
        drivers: ``128 * hemisphere + d``, (pulses,).
        labels: Of the events, (pulses,).
        silicon: The chip.

    Source: facts 2.1, 2.4.
    """
    hemisphere, d = drivers // c.DRIVERS, drivers % c.DRIVERS
    step = silicon.mean("hagen_dac_step") * (
        config.hagen_dac_offset[hemisphere, d].astype(np.float64) - c.HAGEN_DAC_CENTER
    )
    gain, offset = silicon.drivers[:, hemisphere, d]
    length = gain * (c.MAX_PULSE - (labels & 0x1F)) + offset + step
    modulated = np.clip(length, 0, c.MAX_PULSE) / c.MAX_ACTIVATION
    extension = 1.0 + config.dacen_pulse_extension[hemisphere, DRIVER_BUS[d]]
    return np.asarray(extension * np.where(config.enable_hagen_modulation[hemisphere, d], modulated, 1.0))


def bus_cycles(config: ChipConfig) -> NDArray[np.int32]:
    """Return for how many cycles an event keeps each PADI bus busy: until its pulse ends, int32 (8,)."""
    length = c.PULSE * (1.0 + config.dacen_pulse_extension)
    return np.asarray(np.ceil(length / c.CYCLE - 1e-9).ravel().astype(np.int32))


def route(config: ChipConfig, inputs: IntArray, labels: IntArray, silicon: Silicon) -> Routes:
    """Follow one event of each source; arguments as for :func:`forwarded` and :func:`pulses`."""
    outputs = forwarded(config, inputs, labels)
    selected = selected_drivers(config, outputs[:, :_PADI], labels).reshape(len(labels), c.HEMISPHERES * c.DRIVERS)
    acting = selected.any(axis=1)
    plastic = selected[acting] & config.enable_stp.ravel()
    plain = selected[acting] & ~config.enable_stp.ravel()
    part_action, part_driver = np.nonzero(plastic)
    row_action, drivers = np.nonzero(plain)
    drivers = np.concatenate((drivers, part_driver))
    label = labels[acting][np.concatenate((row_action, part_action))]
    address = config.enable_address_out.ravel()[drivers]
    sizes = np.concatenate((plain.sum(axis=1), np.ones(len(part_driver), np.int64)))
    table = np.zeros(len(labels), ROUTE)
    table["action"] = np.where(acting, np.cumsum(acting) - 1, -1)
    table["buses"] = np.packbits(outputs[:, :_PADI], axis=1, bitorder="little")[:, 0]
    table["input"] = inputs
    table["linked"] = outputs[:, c.LINK_INPUT :].any(axis=1)
    table["forwarded"] = outputs.any(axis=1)
    return Routes(
        table=table,
        row_offsets=np.concatenate(([0], np.cumsum(sizes))).astype(np.int32),
        drivers=drivers.astype(np.int32),
        seen=(synapse_label(label) & np.where(address, 0x3F, 0x20)).astype(np.uint8),
        pulse=pulses(config, drivers, label, silicon).astype(np.float32),
        part_offsets=np.concatenate(([0], np.cumsum(plastic.sum(axis=1)))).astype(np.int32),
        part_driver=part_driver.astype(np.int32),
    )


def bind(routes: Sequence[Routes]) -> Routes:
    """Put the actions of several routes one behind the other: rows of all actions first, then those of all parts."""
    size = [np.diff(r.row_offsets) for r in routes]
    border = [int(r.row_offsets[r.actions]) for r in routes]  # drivers of actions lie before, those of parts behind

    def joined(name: str) -> np.ndarray:
        values = [getattr(r, name) for r in routes]
        head = [value[:at] for value, at in zip(values, border, strict=True)]
        return np.concatenate(head + [value[at:] for value, at in zip(values, border, strict=True)])

    rows = [n[: r.actions] for n, r in zip(size, routes, strict=True)]
    rows += [n[r.actions :] for n, r in zip(size, routes, strict=True)]
    parts = np.concatenate([np.diff(r.part_offsets) for r in routes])
    first = np.cumsum([0, *(r.actions for r in routes)])
    tables = [r.table.copy() for r in routes]
    for table, by in zip(tables, first.tolist(), strict=False):
        table["action"] += np.where(table["action"] < 0, 0, by).astype(np.int32)
    return Routes(
        table=np.concatenate(tables),
        row_offsets=np.concatenate(([0], np.cumsum(np.concatenate(rows)))).astype(np.int32),
        drivers=joined("drivers"),
        seen=joined("seen"),
        pulse=joined("pulse"),
        part_offsets=np.concatenate(([0], np.cumsum(parts))).astype(np.int32),
        part_driver=np.concatenate([r.part_driver for r in routes]),
    )
