"""What a chip showed of one population, as tensors for the numerics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from torch import Tensor

from hxtorch.spiking.network.readout_source import ReadoutSource
from hxtorch.spiking.network.tensors import Trace

__all__ = ["NOTHING", "AnalogObservable", "HardwareObservables", "MADCTrace"]

MADCTrace: TypeAlias = Tensor
"""Membrane, or what else its readout shows, of one neuron as the membrane ADC saw it: float32 (2, samples, batch). Row
0 are times since the start of the run in FPGA cycles of 8 ns, about 4.25 apart; row 1 are values in LSB, 0 to 1023."""


@dataclass(frozen=True, eq=False)
class AnalogObservable:
    """What an ADC showed of one node of the neurons.

    Attributes:
        source: The node.
        cadc: After offset, scale and shift, (time, batch, neuron), or None if the column ADC did not record.
        madc: See :data:`MADCTrace`, or None if the membrane ADC did not record.
    """

    source: ReadoutSource = ReadoutSource.membrane
    cadc: Tensor | None = None
    madc: MADCTrace | None = None


class AnalogTrace(Trace):
    """What the column ADC showed (time, batch, neuron), which names recordings as an :class:`AnalogObservable` does."""

    cadc: Tensor
    madc: MADCTrace | None

    @staticmethod
    def of(cadc: Tensor, madc: MADCTrace | None) -> AnalogTrace:
        """Return ``cadc`` with both names."""
        made: AnalogTrace = cadc.as_subclass(AnalogTrace)
        made.cadc, made.madc = cadc, madc
        return made


def named(source: ReadoutSource, cadc: Tensor | None, madc: MADCTrace | None) -> AnalogTrace | AnalogObservable | None:
    """Return recordings of one node with the names ``cadc`` and ``madc``: as a tensor if the column ADC recorded."""
    if cadc is not None:
        return AnalogTrace.of(cadc, madc)
    return None if madc is None else AnalogObservable(source, madc=madc)


def column(observed: Any) -> Any:
    """Return what the column ADC showed of one node: of a tensor itself, of other recordings their ``cadc``."""
    if observed is None or (isinstance(observed, Tensor) and not isinstance(observed, AnalogTrace)):
        return observed
    return observed.cadc


@dataclass(frozen=True, eq=False)
class HardwareObservables:
    """Recordings of one population; what was not recorded is None.

    Spikes, membranes and adaptation take the place of what the model computes. By position, as scripts for the chip
    know it, this is (spikes, cadc, madc).

    Attributes:
        spikes: Zeros and ones, (time, batch, neuron).
        cadc: Membranes in the units of the model, (time, batch, neuron).
        madc: Membrane of one neuron, see :data:`MADCTrace`.
        adaptation: Adaptation currents in the units of the model, (time, batch, neuron); a tensor, which in runs has
            the names ``adaptation.cadc`` and ``adaptation.madc`` as ``voltage`` has.
        others: What was recorded beside these.
    """

    spikes: Tensor | None = None
    cadc: Tensor | None = None
    madc: Any = None
    adaptation: Any = None
    others: tuple[AnalogObservable, ...] = ()

    @classmethod
    def of(cls, spikes: Tensor | None, analog: tuple[AnalogObservable, ...]) -> HardwareObservables:
        """Sort analog recordings to where they are used."""
        shown: dict[ReadoutSource, tuple[Tensor | None, MADCTrace | None]] = {}
        for one in analog:
            cadc, madc = shown.get(one.source, (None, None))
            shown[one.source] = one.cadc if cadc is None else cadc, one.madc if madc is None else madc
        adaptation = named(ReadoutSource.adaptation, *shown.get(ReadoutSource.adaptation, (None, None)))
        others = tuple(one for one in analog if one.source is not ReadoutSource.membrane)
        return cls(spikes, *shown.get(ReadoutSource.membrane, (None, None)), adaptation, others)

    @property
    def voltage(self) -> AnalogTrace | AnalogObservable | None:
        """Membranes under the name of today's scripts: the tensor ``cadc``, with ``voltage.cadc`` and ``voltage.madc``.

        Without a recording by the column ADC an :class:`AnalogObservable`, and without any None.
        """
        return named(ReadoutSource.membrane, self.cadc, self.madc)

    @property
    def adaptation_cadc(self) -> Tensor | None:
        """What the column ADC showed of the adaptation, which takes the place of the model's."""
        shown: Tensor | None = column(self.adaptation)
        return shown

    def steps(self, available: int) -> int:
        """Return how many of ``available`` steps the recordings cover."""
        traces = (self.spikes, self.cadc, self.adaptation_cadc)
        return min([available] + [trace.shape[0] for trace in traces if trace is not None])

    def __iter__(self) -> Iterator[Any]:
        return iter((self.spikes, self.cadc, self.madc))

    def __getitem__(self, index: int) -> Any:
        return (self.spikes, self.cadc, self.madc)[index]

    def __len__(self) -> int:
        return 3


NOTHING = HardwareObservables()
"""No recording at all: what the numerics get in mock mode."""
