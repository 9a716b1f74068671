"""The counts of the chip that kernels' headers repeat are those of the facts."""

import re
from pathlib import Path

import pytest

from bss2_emulator.facts import constants as c

KERNELS = Path(__file__).parents[2] / "packages/bss2-emulator/src/bss2_emulator/_kernels"
FACTS = {
    "events/background.h": {"SOURCES": c.BACKGROUND_SOURCES},
    "events/transport.h": {
        "INPUTS": c.CROSSBAR_INPUTS,
        "LINK_INPUT": c.LINK_INPUT,
        "BACKGROUND_INPUT": c.BACKGROUND_INPUT,
        "BUSES": c.HEMISPHERES * c.BUSES,
        "CHANNELS": c.LINK_CHANNELS,
        "QUEUE_ROOM": max(c.NEURON_QUEUE, c.EVENT_QUEUE),
    },
    "matrix/hagen.h": {"HEMISPHERES": c.HEMISPHERES},
    "matrix/product.h": {"TILE_ROWS": c.TILE_ROWS, "TILE_COLUMNS": c.COLUMNS},
    "spiking/plan.h": {"MOST": c.NEURONS},
    "synram/correlation.h": {"COLUMNS": c.COLUMNS},
    "synram/rows.h": {"COLUMNS": c.COLUMNS},
    "synram/stp.h": {"DRIVERS": c.HEMISPHERES * c.DRIVERS},
}


def enums(header):
    """Return all enumerators of a header that are plain numbers."""
    text = re.sub(r"/\*.*?\*/", "", (KERNELS / header).read_text(), flags=re.S)
    bodies = re.findall(r"enum\s*\{([^}]*)\}", text)
    return {name: int(value) for name, value in re.findall(r"(\w+)\s*=\s*(\d+)\s*(?=[,}]|$)", ",".join(bodies) + ",")}


@pytest.mark.parametrize("header", FACTS)
def test_counts_of_a_header_are_the_facts(header):
    found = enums(header)
    assert {name: found.get(name) for name in FACTS[header]} == FACTS[header]
