"""Names of the noise streams: each number is keyed by (seed and serial, run, batch entry, purpose, place, index).

The streams of neurons (membrane, start, column ADC) are drawn in the kernel (plan.h).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bss2_emulator._kernels.noise.normals import fill_normals, fill_uniform
from bss2_emulator.silicon.mismatch import key_of

CADC_PHASE: Final = 4 << 16  # plus hemisphere
MADC: Final = 5 << 16
HAGEN: Final = 6 << 16
HAGEN_MADC: Final = 7 << 16
HAGEN_EVENTS: Final = HAGEN_MADC + 1
CORRELATION: Final = 8 << 16  # plus 256 * hemisphere + row


@dataclass(frozen=True)
class RunNoise:
    """Noise of one run.

    Attributes:
        key: 64 bit, of seed and serial.
        run: Number of the run.
        first_entry: Number of the first batch entry, where a batch is run in parts.
    """

    key: int
    run: int
    first_entry: int = 0

    @classmethod
    def of(cls, serial: str, seed: int, run: int, first_entry: int = 0) -> RunNoise:
        return cls(key_of("noise", serial, seed), run & 0xFFFFFFFF, first_entry)

    def normals(self, purpose: int, entry: int, count: int) -> NDArray[np.float32]:
        """Draw ``count`` standard normals for a batch entry (counted from ``first_entry``)."""
        out = np.empty(count, np.float32)
        fill_normals(self.key, 0, purpose, self.first_entry + entry, self.run, out)
        return out

    def entry_uniforms(self, purpose: int, batch: int) -> NDArray[np.float32]:
        """Draw one number in (0, 1) for each batch entry."""
        out = np.empty(batch, np.float32)
        fill_uniform(self.key, self.first_entry, purpose, 0, self.run, out)
        return out
