"""Neurons with a constant current, and what the measurements of this package have in common."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike, fspath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from hxtorch.core import (
    CADCHandle,
    ConstantCurrentType,
    LogicalNeuronOnDLS,
    SpikeHandle,
)
from hxtorch.spiking.chip.morphology import Morphology, SingleCompartmentNeuron
from hxtorch.spiking.chip.recording import PopulationRecording
from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.experiment.experiment import Experiment
from hxtorch.spiking.modules.neurons.li import ReadoutNeuron
from hxtorch.spiking.modules.neurons.lif import Neuron
from hxtorch.spiking.modules.synapses.dense import Synapse
from hxtorch.spiking.network.handle import NeuronHandle, TensorHandle
from hxtorch.spiking.network.observables import HardwareObservables
from hxtorch.spiking.parameter import MixedHXModelParameter

if TYPE_CHECKING:
    from hxtorch.core import NeuronBlock

__all__ = ["ConstantCurrentMixin", "ConstantCurrentNeuron", "ConstantCurrentReadoutNeuron"]

DT = 1e-6
_HALF = 128  # columns that a neuron does not leave (chip facts 1.2)

NO_PARAMS: Mapping[str, Any] = MappingProxyType({})
ONE_CIRCUIT = SingleCompartmentNeuron(1)

UNITS: Mapping[str, Any] = MappingProxyType(
    {
        "leak": MixedHXModelParameter(0.0, 80),
        "reset": MixedHXModelParameter(0.0, 80),
        "threshold": MixedHXModelParameter(1.0, 125),
    }
)
"""Potentials of model and chip where nothing else is said: the model counts from rest, in parts of the threshold."""

ByCoordinate = dict[LogicalNeuronOnDLS, float]
"""One number for each neuron of the chip, as ``trace_offset`` and ``trace_scale`` take them."""


class ConstantCurrentMixin:
    """Neurons with a constant current on their membranes; to be named before the layer in a list of bases.

    Attributes:
        current_type: Whether the current flows onto the membrane (``source``) or off it (``sink``).
        enable_current: Whether it is on.
        offset_current: Register code of the current, 0 to 1022, about 0.25 nA each.
        enable_comparator: Whether the threshold comparators are on, or None for what the layer does.

    Source: chip facts 3.3.
    """

    current_type: ConstantCurrentType = ConstantCurrentType.source
    enable_current: bool = True
    offset_current: int = 1000
    enable_comparator: bool | None = None

    def configure_hw_entity(self, neuron_id: int, neuron_block: NeuronBlock, coord: LogicalNeuronOnDLS) -> NeuronBlock:
        """Set the registers of one neuron as the layer does, then the current of its first circuit.

        Args:
            neuron_id: Number of the neuron.
            neuron_block: Registers of all neurons.
            coord: Where the neuron is.

        Returns:
            ``neuron_block``.
        """
        neuron_block = super().configure_hw_entity(neuron_id, neuron_block, coord)  # type: ignore[misc]
        neuron = neuron_block.atomic_neurons[Morphology.main_circuit(coord)]
        neuron.constant_current.enable = bool(self.enable_current)
        neuron.constant_current.i_offset = self.offset_current
        neuron.constant_current.type = int(self.current_type)
        if self.enable_comparator is not None:
            neuron.threshold.enable = self.enable_comparator
        return neuron_block


class ConstantCurrentNeuron(ConstantCurrentMixin, Neuron):
    """Leaky integrate-and-fire neurons with a constant current on their membranes."""


class ConstantCurrentReadoutNeuron(ConstantCurrentMixin, ReadoutNeuron):
    """Neurons that do not fire, with a constant current on their membranes."""


class Recordings(NamedTuple):
    """What one run showed.

    Attributes:
        cadc: Samples of all neurons.
        spikes: Spikes of all neurons.
        seconds: Length of the run.
    """

    cadc: CADCHandle
    spikes: SpikeHandle
    seconds: float

    def trace(self, dt: float) -> Tensor:
        """Return membranes on a grid of ``dt`` seconds, user units, float32 (time, batch, neuron)."""
        return torch.from_numpy(self.cadc.to_dense(self.seconds, dt))


class Probe(ConstantCurrentNeuron):
    """Neurons that keep their recordings as the chip gave them."""

    recorded: Recordings | None = None

    def observe(self, hw_data: PopulationRecording, runtime: float) -> HardwareObservables:
        """Keep the recordings; the numerics see none of them."""
        if hw_data.spikes is not None and hw_data.cadc is not None:
            self.recorded = Recordings(hw_data.cadc, hw_data.spikes, runtime)
        return HardwareObservables()


class Measurement:
    """Neurons on the whole chip, one input that reaches all of them.

    Args:
        params: Arguments of the neurons that the chip is calibrated to, as :class:`~hxtorch.spiking.Neuron` takes them;
            leak and reset are 0 and the threshold is 1 in the model where they say nothing else, 80, 80 and 125 LSB on
            the chip.
        calib_path: Calibration to use instead, or None.
        batch_size: Number of runs over which values are averaged.
        neuron_structure: Circuits of a neuron.
    """

    def __init__(
        self,
        params: Mapping[str, Any] = NO_PARAMS,
        calib_path: str | PathLike[str] | None = None,
        batch_size: int = 100,
        neuron_structure: Morphology = ONE_CIRCUIT,
    ) -> None:
        self.params = {**UNITS, **params}
        self.calib_path = calib_path
        self.batch_size = batch_size
        self.neuron_structure = neuron_structure
        self.probe: Probe | None = None

    @property
    def size(self) -> int:
        """Number of neurons that fit on a chip."""
        circuits = [int(circuit) for part in self.neuron_structure.compartments.values() for circuit in part]
        width = 1 + max(circuit % _HALF for circuit in circuits)
        rows = 1 if max(circuits) < _HALF else 2
        return 2 * (_HALF // width) * (2 // rows)

    def experiment(self, dt: float = DT, mock: bool = False) -> Experiment:
        """Return an experiment on the chip, or in mock mode."""
        return Experiment(mock=mock, dt=dt, calib_path=None if mock else self.calib_path)

    def model_value(self, name: str) -> Tensor:
        """Return the model's value of a parameter of the neurons, float64, () or (neuron,)."""
        neurons = Probe(self.size, self.experiment(mock=True), **self.params)
        return torch.as_tensor(getattr(neurons, name).model_value).detach().double()

    def silence(self, steps: int) -> NeuronHandle:
        """Return an input without spikes (time, batch, 1)."""
        return NeuronHandle(torch.zeros(steps, self.batch_size, 1))

    def connect(self, inputs: TensorHandle, exp: Experiment, weight: float = 0.0, **current: Any) -> TensorHandle:
        """Put neurons behind a synapse of one weight; ``current`` are attributes of :class:`ConstantCurrentMixin`.

        Returns:
            What the neurons will show.
        """
        synapse = Synapse(1, self.size, exp)
        torch.nn.init.constant_(synapse.weight, weight)
        self.probe = Probe(self.size, exp, **{"neuron_structure": self.neuron_structure, **self.params})
        for name, value in current.items():
            setattr(self.probe, name, value)
        handle: TensorHandle = self.probe(synapse(inputs))
        return handle

    def recordings(self, exp: Experiment, steps: int) -> Recordings:
        """Run on the connected chip.

        Raises:
            NoConnectionError: No chip is connected.
            ParameterError: ``params`` switch a recording off.
        """
        exp.get_hw_results(steps)
        if self.probe is None or self.probe.recorded is None:
            raise ParameterError("params: switch a recording off that the measurement needs")
        return self.probe.recorded

    def by_coordinate(self, values: Tensor) -> ByCoordinate:
        """Return numbers (neuron,) under the places of the neurons of the last run."""
        places = [] if self.probe is None else self.probe.coordinates
        return dict(zip(places, values.tolist(), strict=True))


def told_apart(**given: Any) -> dict[str, Any]:
    """Put arguments of the measuring functions in their places by what they are: their orders differ.

    Args:
        given: Values as they came, by the name of the place; there is a place for each kind.

    Raises:
        ParameterError: Something is none of them, or of one kind there are two.
    """
    kinds: dict[str, Any] = {
        "neuron_structure": Morphology,
        "params": Mapping,
        "calib_path": (str, PathLike),
        "weight_step": (int, np.integer),
    }
    defaults = {"neuron_structure": ONE_CIRCUIT, "params": NO_PARAMS, "calib_path": None, "weight_step": 1}
    found: dict[str, Any] = {}
    for place, value in given.items():
        if value is None or value is defaults[place]:
            continue
        kind = next((name for name in given if isinstance(value, kinds[name])), None)
        if kind is None or kind in found:
            twice = "" if kind is None else f", and {kind} came already"
            raise ParameterError(f"{place}: got {value!r}, wanted one of {', '.join(given)}{twice}")
        found[kind] = fspath(value) if kind == "calib_path" else value
    return {place: found.get(place, defaults[place]) for place in given}


def __dir__() -> list[str]:
    return sorted(__all__)
