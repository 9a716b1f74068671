"""The path of one event, step by step (facts 1.3, 1.4).

Twin of :mod:`bss2_emulator.events.path` and ``_kernels/synram/rows.pyx``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from bss2_emulator.config import ChipConfig
from bss2_emulator.silicon.serial import Silicon


class Hit(NamedTuple):
    """A synapse that an event reaches.

    Attributes:
        neuron: n.
        row, column: Of the synapse, in the neuron's hemisphere.
        inhibitory: Which line of the neuron gets the charge.
        pulse: Length of the driver's pulse over the nominal one.
    """

    neuron: int
    row: int
    column: int
    inhibitory: bool
    pulse: float


def crossbar_outputs(config: ChipConfig, crossbar_input: int, label: int) -> list[int]:
    """Return the crossbar outputs (0-3 PADI top, 4-7 PADI bottom, 8-11 link) that forward a 14-bit label."""
    if crossbar_input < 8:  # neurons
        reachable = [crossbar_input % 4, 4 + crossbar_input % 4, 8 + crossbar_input % 4]
    elif crossbar_input < 12:  # link
        reachable = [*range(8), crossbar_input]
    else:  # background
        source = crossbar_input - 12
        reachable = [source, 8 + source % 4]
    outputs = []
    for output in reachable:
        mask = int(config.crossbar_mask[crossbar_input, output])
        target = int(config.crossbar_target[crossbar_input, output])
        if label & mask == target:
            outputs.append(output)
    return outputs


def drivers(config: ChipConfig, crossbar_input: int, label: int) -> Iterator[tuple[int, int]]:
    """Yield the drivers (hemisphere, d) that an event of a 14-bit label selects, through crossbar and PADI buses."""
    for output in crossbar_outputs(config, crossbar_input, label):
        if output >= 8:
            continue
        hemisphere, bus = output // 4, output % 4
        for position in range(32):
            driver = 4 * position + bus
            mask = int(config.row_select_mask[hemisphere, driver])
            if position & mask == (label >> 6 & 0b11111) & mask and config.enable_receiver[hemisphere, driver]:
                yield hemisphere, driver


def pulse(config: ChipConfig, hemisphere: int, driver: int, label: int, silicon: Silicon) -> float:
    """Return the length of a pulse over the nominal one; a driver modulates it as it does on its chip."""
    length = 1.0 + int(config.dacen_pulse_extension[hemisphere, driver % 4])
    if config.enable_hagen_modulation[hemisphere, driver]:
        gain, offset = silicon.drivers[:, hemisphere, driver].tolist()
        offset += (int(config.hagen_dac_offset[hemisphere, driver]) - 32) * silicon.mean("hagen_dac_step")
        steps = gain * (32 - (label & 0b11111)) + offset
        length *= min(max(steps, 0.0), 32.0) / 31
    return length


def synapses(config: ChipConfig, crossbar_input: int, label: int, silicon: Silicon) -> Iterator[Hit]:
    """Yield the synapses that an event of a 14-bit label reaches."""
    for hemisphere, driver in drivers(config, crossbar_input, label):
        seen = label & 0b111111 if config.enable_address_out[hemisphere, driver] else label & 0b100000
        length = pulse(config, hemisphere, driver, label, silicon)
        for row in (2 * driver, 2 * driver + 1):
            mode = int(config.row_mode[hemisphere, row])
            for column in range(256):
                if config.label[hemisphere, row, column] != seen:
                    continue
                for line in (1, 2):
                    if mode & line:
                        yield Hit(256 * hemisphere + column, row, column, line == 2, length)
