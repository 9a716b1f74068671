"""What a chip showed of one population, as tensors for the numerics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor


class MADCTrace(NamedTuple):
    """Membrane of one neuron in one batch entry, as the membrane ADC saw it.

    Attributes:
        times: Seconds since the start of the run, float64 (samples,), about 34 ns apart.
        values: MADC LSB, 0 to 1023, float32 (samples,).
    """

    times: Tensor
    values: Tensor


@dataclass(frozen=True, eq=False)
class HardwareObservables:
    """Recordings of one population; what was not recorded is None.

    Attributes:
        spikes: Zeros and ones, (time, batch, neuron).
        cadc: Membranes in the units of the model, (time, batch, neuron).
        madc: One trace per batch entry.
        adaptation: Adaptation currents in the units of the model, (time, batch, neuron).
    """

    spikes: Tensor | None = None
    cadc: Tensor | None = None
    madc: tuple[MADCTrace, ...] | None = None
    adaptation: Tensor | None = None

    def steps(self, available: int) -> int:
        """Return how many of ``available`` steps the recordings cover."""
        traces = (self.spikes, self.cadc, self.adaptation)
        return min([available] + [len(trace) for trace in traces if trace is not None])


NOTHING = HardwareObservables()
"""No recording at all: what the numerics get in mock mode."""
