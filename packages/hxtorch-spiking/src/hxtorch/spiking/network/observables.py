"""What a chip showed of one population, as tensors for the numerics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor

from hxtorch.spiking.network.readout_source import ReadoutSource

__all__ = ["NOTHING", "AnalogObservable", "HardwareObservables", "MADCTrace"]


class MADCTrace(NamedTuple):
    """Membrane, or what else its readout shows, of one neuron in one batch entry, as the membrane ADC saw it.

    Attributes:
        times: Seconds since the start of the run, float64 (samples,), about 34 ns apart.
        values: MADC LSB, 0 to 1023, float32 (samples,).
    """

    times: Tensor
    values: Tensor


@dataclass(frozen=True, eq=False)
class AnalogObservable:
    """What an ADC showed of one node of the neurons.

    Attributes:
        source: The node.
        cadc: After offset, scale and shift, (time, batch, neuron), or None if the column ADC did not record.
        madc: One trace per batch entry, or None if the membrane ADC did not record.
    """

    source: ReadoutSource
    cadc: Tensor | None = None
    madc: tuple[MADCTrace, ...] | None = None


@dataclass(frozen=True, eq=False)
class HardwareObservables:
    """Recordings of one population; what was not recorded is None.

    Spikes, membranes and adaptation take the place of what the model computes.

    Attributes:
        spikes: Zeros and ones, (time, batch, neuron).
        cadc: Membranes in the units of the model, (time, batch, neuron).
        madc: Membrane of one neuron, one trace per batch entry.
        adaptation: Adaptation currents in the units of the model, (time, batch, neuron).
        others: What was recorded beside these.
    """

    spikes: Tensor | None = None
    cadc: Tensor | None = None
    madc: tuple[MADCTrace, ...] | None = None
    adaptation: Tensor | None = None
    others: tuple[AnalogObservable, ...] = ()

    @classmethod
    def of(cls, spikes: Tensor | None, analog: tuple[AnalogObservable, ...]) -> HardwareObservables:
        """Sort analog recordings to where they are used."""
        cadc = madc = adaptation = None
        others = []
        for one in analog:
            if one.source is ReadoutSource.membrane:
                cadc, madc = (one.cadc if cadc is None else cadc), (one.madc if madc is None else madc)
                continue
            if one.source is ReadoutSource.adaptation and one.cadc is not None:
                adaptation = one.cadc
            others.append(one)
        return cls(spikes, cadc, madc, adaptation, tuple(others))

    def steps(self, available: int) -> int:
        """Return how many of ``available`` steps the recordings cover."""
        traces = (self.spikes, self.cadc, self.adaptation)
        return min([available] + [len(trace) for trace in traces if trace is not None])


NOTHING = HardwareObservables()
"""No recording at all: what the numerics get in mock mode."""
