"""The path of one event, step by step (facts 1.3, 1.4).

Twin of :mod:`bss2_emulator.events` and ``_kernels/synram.pyx``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from bss2_emulator.config import ChipConfig


class Hit(NamedTuple):
    """A synapse that an event reaches.

    Attributes:
        neuron: n.
        row, column: Of the synapse, in the neuron's hemisphere.
        inhibitory: Which line of the neuron gets the charge.
    """

    neuron: int
    row: int
    column: int
    inhibitory: bool


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


def synapses(config: ChipConfig, crossbar_input: int, label: int) -> Iterator[Hit]:
    """Yield the synapses that an event of a 14-bit label reaches, through crossbar, PADI buses, drivers and rows."""
    for output in crossbar_outputs(config, crossbar_input, label):
        if output >= 8:
            continue
        hemisphere, bus = output // 4, output % 4
        for position in range(32):
            driver = 4 * position + bus
            mask = int(config.row_select_mask[hemisphere, driver])
            if position & mask != (label >> 6 & 0b11111) & mask:
                continue
            for row in (2 * driver, 2 * driver + 1):
                mode = int(config.row_mode[hemisphere, row])
                for column in range(256):
                    if config.label[hemisphere, row, column] != label & 0b111111:
                        continue
                    for line in (1, 2):
                        if mode & line:
                            yield Hit(256 * hemisphere + column, row, column, line == 2)
