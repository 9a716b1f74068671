"""Trains of equal pulses, and which samples belong to which phase of a pulse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hxtorch.core.calibration.bench.bench import SRAM_TIME

LEAD = 4e-6  # seconds before the first pulse


@dataclass(frozen=True, eq=False)
class Train:
    """Repetitions of one pulse in a batch.

    Attributes:
        times: Seconds of the pulses of each entry.
        period: Seconds from pulse to pulse.
        runtime: Seconds.
        entries: Batch entries.
    """

    times: np.ndarray
    period: float
    runtime: float
    entries: int

    @classmethod
    def of(cls, period: float, repetitions: int) -> Train:
        """Fill the fast sample buffer with pulses ``period`` apart; take as many entries as ``repetitions`` need."""
        each = max(1, min(repetitions, int((SRAM_TIME - LEAD) / period)))
        return cls(LEAD + period * np.arange(each), period, LEAD + period * each, -(-repetitions // each))

    def phase(self, times: np.ndarray) -> np.ndarray:
        """Return the time since the last pulse in seconds, negative before the first."""
        since = times - self.times[0]
        return np.where(since < 0, since, since % self.period)

    def since(self, times: np.ndarray, pulses: int) -> Iterator[np.ndarray]:
        """Yield the time since the last pulse, the one before, and so on; negative where there was none."""
        phase = self.phase(times)
        number = np.floor((times - self.times[0]) / self.period)
        for earlier in range(min(pulses, len(self.times))):
            yield np.where(number >= earlier, phase + earlier * self.period, -1.0)
