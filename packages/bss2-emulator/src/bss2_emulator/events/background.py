"""Background generators: their registers as the kernel takes them, and the labels that they make (facts 1.5).

A generator starts anew with each real-time section: equal registers make equal events in every batch entry and run.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from bss2_emulator.config import ChipConfig
from bss2_emulator.facts.constants import BACKGROUND_SOURCES

REGISTERS: Final = (
    "enable_background", "background_random", "background_period", "background_rate", "background_seed",
    "background_mask", "background_label",
)  # fmt: skip

# A generator as the kernel sees it (background.h).
SOURCE: Final = np.dtype(
    [("on", np.int32), ("random", np.int32)]
    + [(name, np.uint32) for name in ("period", "rate", "seed", "mask", "label")]
)


def sources(config: ChipConfig) -> NDArray[np.void]:
    """Return the generators, :data:`SOURCE` (8,)."""
    table = np.zeros(BACKGROUND_SOURCES, SOURCE)
    table["on"], table["random"] = config.enable_background, config.background_random
    for name in ("period", "rate", "seed", "mask", "label"):
        table[name] = getattr(config, f"background_{name}")
    return table


def labels(config: ChipConfig, source: int) -> NDArray[np.int64]:
    """Return the 14-bit labels that a generator may make, ascending."""
    mask = int(config.background_mask[source])
    base = int(config.background_label[source]) & ~mask
    return np.unique(base | (np.arange(256) & mask))
