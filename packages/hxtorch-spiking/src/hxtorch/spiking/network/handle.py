"""Handles of the modules: which tensors each kind promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from torch import Tensor

from hxtorch.spiking.network.promise import Handle, HandleMeta, TensorHandle

__all__ = [
    "AdaptiveNeuronHandle",
    "AdaptiveReadoutNeuronHandle",
    "Handle",
    "HandleMeta",
    "LIFObservables",
    "LIObservables",
    "NeuronHandle",
    "ReadoutNeuronHandle",
    "SynapseHandle",
    "TensorHandle",
]


class NeuronHandle(TensorHandle):
    """Observables of neurons that fire, or spikes as an input of the network.

    Attributes:
        spikes: Zeros and ones (time, batch, neuron).
        membrane_cadc: Membranes (time, batch, neuron): in mock mode the model's, else as the column ADC saw them, after
            the module's offset, scale and shift. None if they are not recorded. Its older name is ``v_cadc``.
        current: Synaptic currents of the model (time, batch, neuron).
        membrane_madc: Of the neuron that the membrane ADC records, float32 (2, samples, batch): row 0 are times in
            FPGA cycles (8 ns), row 1 values in LSB; None without a recording. Its older name is ``v_madc``.
    """

    _carries: ClassVar[tuple[str, ...]] = ("spikes", "membrane_cadc", "current", "membrane_madc")

    if TYPE_CHECKING:
        spikes: Tensor | None
        membrane_cadc: Tensor | None
        current: Tensor | None
        membrane_madc: Tensor | None
        v_cadc: Tensor | None
        v_madc: Tensor | None

    def __init__(
        self,
        spikes: Tensor | None = None,
        membrane_cadc: Tensor | None = None,
        current: Tensor | None = None,
        membrane_madc: Tensor | None = None,
        *,
        v_cadc: Tensor | None = None,
        v_madc: Tensor | None = None,
    ) -> None:
        fields = self.__dict__
        fields["spikes"], fields["current"] = spikes, current
        fields["membrane_cadc"] = v_cadc if membrane_cadc is None else membrane_cadc
        fields["membrane_madc"] = v_madc if membrane_madc is None else membrane_madc


class ReadoutNeuronHandle(TensorHandle):
    """Observables of neurons that do not fire; fields as in :class:`NeuronHandle`."""

    _carries: ClassVar[tuple[str, ...]] = ("membrane_cadc", "current", "membrane_madc")

    if TYPE_CHECKING:
        membrane_cadc: Tensor | None
        current: Tensor | None
        membrane_madc: Tensor | None
        v_cadc: Tensor | None
        v_madc: Tensor | None

    def __init__(
        self,
        membrane_cadc: Tensor | None = None,
        current: Tensor | None = None,
        membrane_madc: Tensor | None = None,
        *,
        v_cadc: Tensor | None = None,
        v_madc: Tensor | None = None,
    ) -> None:
        fields = self.__dict__
        fields["current"] = current
        fields["membrane_cadc"] = v_cadc if membrane_cadc is None else membrane_cadc
        fields["membrane_madc"] = v_madc if membrane_madc is None else membrane_madc


class AdaptiveNeuronHandle(NeuronHandle):
    """Observables of neurons that fire and adapt, those of :class:`NeuronHandle` among them.

    Attributes:
        adaptation_cadc: Adaptation (time, batch, neuron) of the model, or as the column ADC saw it.
        adaptation_madc: As ``membrane_madc``, if the membrane ADC reads the adaptation.
    """

    _carries = (*NeuronHandle._carries, "adaptation_cadc", "adaptation_madc")

    __init__ = TensorHandle.__init__  # takes all fields


class AdaptiveReadoutNeuronHandle(ReadoutNeuronHandle):
    """Observables of neurons that adapt and do not fire; fields as in :class:`AdaptiveNeuronHandle`."""

    _carries = (*ReadoutNeuronHandle._carries, "adaptation_cadc", "adaptation_madc")

    __init__ = TensorHandle.__init__  # takes all fields


class SynapseHandle(TensorHandle):
    """Output of synapses.

    Attributes:
        graded_spikes: Weighted spikes (time, batch, neuron), each the step of a synaptic current.
    """

    _carries = ("graded_spikes",)

    if TYPE_CHECKING:
        graded_spikes: Tensor | None

    def __init__(self, graded_spikes: Tensor | None = None) -> None:
        self.__dict__["graded_spikes"] = graded_spikes


LIFObservables, LIObservables = NeuronHandle, ReadoutNeuronHandle
"""The same under the names of today's scripts."""
