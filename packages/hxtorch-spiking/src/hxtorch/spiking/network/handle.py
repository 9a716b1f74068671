"""Handles: promises of tensors that pass through modules before a run and are filled by it."""

from __future__ import annotations

from copy import copy, deepcopy
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from torch import Tensor

from hxtorch.spiking.errors import ExperimentError
from hxtorch.spiking.network.observables import AnalogObservable, MADCTrace
from hxtorch.spiking.network.readout_source import ReadoutSource

__all__ = ["NeuronHandle", "ReadoutNeuronHandle", "SynapseHandle", "TensorHandle"]


def _copied(value: Any, memo: dict[int, Any]) -> Any:
    """Return a deep copy; torch has none of tensors that were computed with a graph."""
    if isinstance(value, Tensor) and not value.is_leaf:
        return memo.setdefault(id(value), value.detach().clone())
    return deepcopy(value, memo)


@dataclass(eq=False)
class TensorHandle:
    """Base of all handles.

    Each field is None until a run fills it. Two handles are the same only if they are one object. A deep copy has the
    values without the graph that they were computed with.

    Attributes:
        main: Name of the field that the next module reads.
    """

    main: ClassVar[str] = ""

    def __deepcopy__(self, memo: dict[int, Any]) -> TensorHandle:
        """Return a handle with copies of all values; tensors of a graph are copied without it."""
        copied = memo[id(self)] = copy(self)
        for name, value in vars(self).items():
            setattr(copied, name, _copied(value, memo))
        return copied

    def put(self, other: TensorHandle) -> None:
        """Take over the fields of ``other`` that this handle has too."""
        for entry in fields(self):
            setattr(self, entry.name, getattr(other, entry.name, entry.default))

    @property
    def observable_state(self) -> Tensor | None:
        """The tensor that the next module reads, or None before the run."""
        return getattr(self, self.main) if self.main else None

    def filled(self) -> Tensor:
        """Return the tensor that the next module reads.

        Raises:
            ExperimentError: It is not there yet.
        """
        tensor = self.observable_state
        if tensor is None:
            raise ExperimentError(
                f"{type(self).__name__}: has no {self.main or 'tensor'} yet; run the experiment first"
            )
        return tensor


class _Membrane:
    """The older names of the membrane traces, and other nodes that were recorded."""

    membrane_cadc: Tensor | None
    membrane_madc: tuple[MADCTrace, ...] | None
    adaptation_madc: tuple[MADCTrace, ...] | None
    analog: tuple[AnalogObservable, ...]

    def show(self, analog: tuple[AnalogObservable, ...]) -> None:
        """Take up recordings of other nodes than the membrane."""
        self.analog = analog
        for one in analog:
            if one.source is ReadoutSource.adaptation and one.madc is not None:
                self.adaptation_madc = one.madc

    @property
    def v_cadc(self) -> Tensor | None:
        """Return ``membrane_cadc``."""
        return self.membrane_cadc

    @property
    def v_madc(self) -> tuple[MADCTrace, ...] | None:
        """Return ``membrane_madc``."""
        return self.membrane_madc


@dataclass(eq=False)
class NeuronHandle(_Membrane, TensorHandle):
    """Observables of neurons that fire, or spikes as an input of the network.

    Attributes:
        spikes: Zeros and ones (time, batch, neuron).
        membrane_cadc: Membranes (time, batch, neuron): in mock mode the model's, else as the column ADC saw them, after
            the module's offset, scale and shift. None if they are not recorded.
        current: Synaptic currents of the model (time, batch, neuron).
        membrane_madc: One trace of times (s) and values (LSB) per batch entry; None in mock mode.
        adaptation_cadc: Adaptation (time, batch, neuron) of models that have one, or as the column ADC saw it.
        adaptation_madc: As ``membrane_madc``, if the membrane ADC reads the adaptation.
        analog: What the ADCs showed of other nodes than the membrane; empty in mock mode.
    """

    main: ClassVar[str] = "spikes"

    spikes: Tensor | None = None
    membrane_cadc: Tensor | None = None
    current: Tensor | None = None
    membrane_madc: tuple[MADCTrace, ...] | None = None
    adaptation_cadc: Tensor | None = None
    adaptation_madc: tuple[MADCTrace, ...] | None = None
    analog: tuple[AnalogObservable, ...] = ()


@dataclass(eq=False)
class ReadoutNeuronHandle(_Membrane, TensorHandle):
    """Observables of neurons that do not fire; fields as in :class:`NeuronHandle`."""

    main: ClassVar[str] = "membrane_cadc"

    membrane_cadc: Tensor | None = None
    current: Tensor | None = None
    membrane_madc: tuple[MADCTrace, ...] | None = None
    adaptation_cadc: Tensor | None = None
    adaptation_madc: tuple[MADCTrace, ...] | None = None
    analog: tuple[AnalogObservable, ...] = ()


@dataclass(eq=False)
class SynapseHandle(TensorHandle):
    """Output of synapses.

    Attributes:
        graded_spikes: Weighted spikes (time, batch, neuron), each the step of a synaptic current.
    """

    main: ClassVar[str] = "graded_spikes"

    graded_spikes: Tensor | None = None
