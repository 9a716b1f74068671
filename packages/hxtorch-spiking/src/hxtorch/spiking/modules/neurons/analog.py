"""What firing and non-firing neurons have in common: parameters for the chip, place, and recordings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from operator import is_
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from hxtorch import core
from hxtorch.core.errors import RecordingError
from hxtorch.spiking.chip.morphology import Morphology, SingleCompartmentNeuron
from hxtorch.spiking.chip.recording import PopulationRecording, TraceReadout, read_madc
from hxtorch.spiking.errors import ParameterError, TensorShapeError
from hxtorch.spiking.functional.steps.compiled import full_precision
from hxtorch.spiking.functional.steps.masked import Masked
from hxtorch.spiking.functional.surrogates.threshold import Surrogate
from hxtorch.spiking.modules.neurons.arguments import lif_defaults
from hxtorch.spiking.modules.types import Population
from hxtorch.spiking.network.handle import SynapseHandle, TensorHandle
from hxtorch.spiking.network.observables import NOTHING, AnalogObservable, HardwareObservables
from hxtorch.spiking.network.readout_source import ReadoutSource
from hxtorch.spiking.network.roles import BaseExperiment
from hxtorch.spiking.network.tensors import check_axes
from hxtorch.spiking.parameter import HXBaseParameter, ParameterValue, as_parameter

if TYPE_CHECKING:
    from hxtorch.core import AtomicNeuron, LogicalNeuronOnDLS


def _of_readout(field: str) -> property:
    """Return a property that reads and replaces a field of the readout, under the name of its argument."""

    def read(self: AnalogNeuron) -> Any:
        return getattr(self.readout, field)

    def write(self: AnalogNeuron, value: Any) -> None:
        readout = replace(self.readout, **{field: value})
        readout.check_size(self.size)
        self.readout = readout

    return property(read, write, doc=f"See ``{field}`` of :class:`~hxtorch.spiking.chip.recording.TraceReadout`.")


class AnalogNeuron(Population, ABC):
    """Base of the populations of neuron circuits.

    Args:
        size: Number of neurons.
        experiment: Collects the module when it is called.
        names: Arguments that the model has.
        given: Those that the user gave; defaults are those of :mod:`~hxtorch.spiking.modules.neurons.arguments`.
    """

    input_type = SynapseHandle
    prepares = True
    _mask: Tensor | None = None
    _dropped: Tensor | None = None
    fires: ClassVar[bool]
    """Whether the threshold comparator of the neurons is on."""

    recurs: ClassVar[bool] = False
    """Whether the model takes its own spikes as input: its ``integrate`` has the argument ``feedback``."""

    parameter_names: ClassVar[tuple[str, ...]]
    """Parameters that the chip is calibrated to."""

    tau_mem: HXBaseParameter
    tau_syn: HXBaseParameter
    i_synin_gm: HXBaseParameter
    membrane_capacitance: HXBaseParameter
    synapse_dac_bias: HXBaseParameter

    readout: TraceReadout
    """What is done to CADC traces before the numerics see them."""

    trace_offset = _of_readout("offset")
    trace_scale = _of_readout("scale")
    cadc_time_shift = _of_readout("time_shift")
    shift_cadc_to_first = _of_readout("shift_to_first")
    interpolation_mode = _of_readout("interpolation_mode")

    coordinates: tuple[LogicalNeuronOnDLS, ...] = ()
    """Where the neurons are, once they were placed on a chip."""

    def __init__(
        self, size: int, experiment: BaseExperiment, names: Mapping[str, Any], given: Mapping[str, Any]
    ) -> None:
        unknown = sorted(set(given) - set(names))
        if unknown:
            raise TypeError(f"{type(self).__name__}: got an unknown argument {unknown[0]!r}; known: {', '.join(names)}")
        chosen = {**lif_defaults(), **given}
        super().__init__(size, experiment, chosen["execution_instance"], chosen["func"])
        if self.func is not None:
            self.recurs = False  # type: ignore[misc]  # the function takes no spikes of its own
        for name in self.parameter_names:
            self.add_module(name, self._legal_parameter(name, chosen[name]))
        self.enable_spike_recording: bool = self.fires and chosen["enable_spike_recording"]
        self.enable_cadc_recording: bool = chosen["enable_cadc_recording"]
        self.enable_cadc_recording_placement_in_dram: bool = chosen["enable_cadc_recording_placement_in_dram"]
        self.cadc_readout_source = ReadoutSource.of(chosen["cadc_readout_source"], "cadc_readout_source")
        self.enable_madc_recording: bool = chosen["enable_madc_recording"]
        index = chosen["record_neuron_id"]
        self.record_neuron_id: int | None = int(index) if isinstance(index, np.integer) else index
        self.madc_readout_source = ReadoutSource.of(chosen["madc_readout_source"], "madc_readout_source")
        self.placement_constraint = chosen["placement_constraint"]
        self.neuron_structure = _legal_structure(chosen["neuron_structure"])
        self.readout = TraceReadout(
            chosen["trace_offset"],
            chosen["trace_scale"],
            chosen["cadc_time_shift"],
            chosen["shift_cadc_to_first"],
            chosen["interpolation_mode"],
        )
        self.readout.check_size(self.size)
        self._check_recording()

    @property
    def mask(self) -> Tensor | None:
        """Which neurons may spike in this pass, bool (neuron,), or None for all.

        Said by each :class:`~hxtorch.spiking.BatchDropout` that reads the population.
        """
        said = [mask for mask in (self._mask, self._dropped) if mask is not None]
        return torch.stack(said).all(0) if len(said) > 1 else said[0] if said else None

    @mask.setter
    def mask(self, mask: Tensor | None) -> None:
        if mask is not None and mask.shape != (self.size,):
            raise TensorShapeError(f"mask of {self.label}: got shape {tuple(mask.shape)}, wanted ({self.size},)")
        self._mask = None if mask is None else mask.to(torch.bool)

    def prepare(self, sources: tuple[Any, ...], readers: tuple[Any, ...]) -> None:
        """Take up which neurons the layers that read this one drop in this run."""
        said = [mask for mask in (getattr(reader, "source_mask", None) for reader in readers) if mask is not None]
        self._dropped = torch.stack(said).all(0) if said else None

    @property
    def madc_index(self) -> int | None:
        """The neuron that the MADC records, or None."""
        return self.record_neuron_id if self.enable_madc_recording else None

    def layout(self) -> tuple[Any, ...]:
        """Return what placing and routing depend on: populations whose layouts are equal need not be routed again."""
        constraint = None if self.placement_constraint is None else tuple(self.placement_constraint)
        return (
            self.size,
            self.enable_spike_recording,
            self.enable_cadc_recording,
            self.enable_cadc_recording_placement_in_dram,
            self.madc_index,
            constraint,
            self.neuron_structure.logical_neuron,
            self.cadc_readout_source,
            self.madc_readout_source,
        )

    def circuits(self) -> np.ndarray:
        """Return the circuits ``n`` of all neurons, int64 (neuron, circuit).

        Raises:
            PlacementError: They have no place yet.
        """
        if not self.coordinates:
            raise core.PlacementError(f"{self.label}: has no place on a chip; a run gives it one")
        return np.array([place.get_atomic_neurons() for place in self.coordinates], np.int64)

    def create_default_hw_entity(self) -> AtomicNeuron:
        """Return the registers that each circuit starts from, before the calibration."""
        return core.NeuronBlock().atomic_neurons[0]

    def add_to_network_graph(self, builder: core.NetworkBuilder) -> core.PopulationDescriptor:
        """Add the neurons to the network on the chip, at :attr:`coordinates`.

        Raises:
            PlacementError: They have no place yet.
        """
        circuits = self.circuits()
        population = core.Population(
            circuits[:, 0],
            self.enable_spike_recording,
            self.enable_cadc_recording,
            self.madc_index,
            self.label,
            circuits,
        )
        return builder.add(population)

    def configure_hw_entity(
        self, neuron_id: int, neuron_block: core.NeuronBlock, coord: LogicalNeuronOnDLS
    ) -> core.NeuronBlock:
        """Set the registers of one neuron that the model decides, after the calibration.

        Args:
            neuron_id: Number of the neuron among all of the chip's.
            neuron_block: Registers of all neurons.
            coord: Where the neuron is.

        Returns:
            ``neuron_block``.
        """
        structure, place = self.neuron_structure, self.coordinates
        neuron_block = structure.implement_morphology(coord, neuron_block)
        structure.trim_capacitance(coord, neuron_block)
        structure.set_spike_recording(self.enable_spike_recording, coord, neuron_block)
        if not self.fires:
            structure.disable_spiking(coord, neuron_block)
        if self.enable_cadc_recording:
            structure.set_readout_source(self.cadc_readout_source, coord, neuron_block)
        if self.madc_index is not None and place and coord == place[self.madc_index]:
            structure.enable_madc_recording(coord, neuron_block, self.madc_readout_source)
        return neuron_block

    def hardware_values(self) -> dict[str, np.ndarray]:
        """Return what the chip shall be calibrated to.

        Returns:
            By name of the calibration target's field: float64, () or (neuron,).

        Raises:
            ParameterError: A parameter has no value for the chip, or another number of values than there are neurons.
        """
        values = {name: getattr(self, name).hardware_value for name in self.parameter_names}
        for name, value in values.items():
            self._check_size(name, value)
        return {name: _array(value) for name, value in values.items()}

    def total_input(self, handles: tuple[TensorHandle, ...]) -> Tensor:
        """Return the sum of the weighted spikes of all synapses onto this population, not shortened by autocast."""
        total = full_precision(check_axes(handles[0].filled(), self, self.size))
        for handle in handles[1:]:
            total = total + check_axes(handle.filled(), self, self.size)
        return total

    @abstractmethod
    def integrate(self, current: Tensor, recorded: HardwareObservables) -> Any:
        """Return the traces of the model for weighted spikes (time, batch, neuron), with recordings in their place."""

    @abstractmethod
    def handle(self, traces: Any) -> TensorHandle:
        """Return traces of the model as what users get: membranes only if they are recorded."""

    def forward_func(self, *input: TensorHandle, hw_data: HardwareObservables | None = None) -> Any:
        """Integrate the sum of the inputs, by the model or by ``func``."""
        current = self.total_input(input)
        recorded = self._observables(hw_data, current)
        if self.func is None:
            return self.handle(self.integrate(current, recorded))
        shown = None if hw_data is None else recorded
        return self._call_func((SynapseHandle(current),), params=self.params, hw_data=shown, dt=self.experiment.dt)

    def observe(self, hw_data: PopulationRecording, runtime: float) -> HardwareObservables:
        """Turn recordings into tensors for the numerics, analog ones in model units."""
        analog = []
        if hw_data.cadc is not None:
            cadc = self.readout.read(hw_data.cadc, runtime, self.experiment.dt, self.coordinates)
            analog.append(AnalogObservable(self.cadc_readout_source, cadc=cadc))
        if hw_data.madc is not None:
            analog.append(AnalogObservable(self.madc_readout_source, madc=read_madc(hw_data.madc)))
        spikes = super().observe(hw_data, runtime).spikes
        return HardwareObservables.of(spikes, tuple(analog))

    def _observables(self, hw_data: HardwareObservables | None, like: Tensor) -> HardwareObservables:
        """Return ``hw_data`` in the type and on the device of ``like``."""
        if hw_data is None:
            return NOTHING
        traces = (hw_data.spikes, hw_data.cadc, hw_data.adaptation)
        spikes, cadc, adaptation = converted = tuple(None if trace is None else trace.to(like) for trace in traces)
        if all(map(is_, converted, traces)):
            return hw_data
        return replace(hw_data, spikes=spikes, cadc=cadc, adaptation=adaptation)

    def _masked(self, method: str | Surrogate) -> str | Surrogate:
        """Return ``method``, silent where a mask says so."""
        mask = self.mask
        return method if mask is None else Masked(method, mask)

    def _legal_parameter(self, name: str, value: Any) -> HXBaseParameter:
        try:
            parameter = as_parameter(value)
        except ParameterError as error:
            raise ParameterError(f"{name} of {type(self).__name__}: {error}") from None
        self._check_size(name, parameter.model_value)
        return parameter

    def _check_size(self, name: str, value: ParameterValue) -> None:
        if isinstance(value, Tensor) and value.shape not in ((), (1,), (self.size,)):
            raise ParameterError(f"{name}: got shape {tuple(value.shape)}, wanted one number or ({self.size},)")

    def _check_recording(self) -> None:
        index = self.record_neuron_id
        sources = (self.cadc_readout_source, self.madc_readout_source)
        if self.enable_cadc_recording and self.enable_madc_recording and sources[0] is not sources[1]:
            raise RecordingError(
                f"madc_readout_source: got {sources[1].name} beside cadc_readout_source {sources[0].name}, wanted the "
                "same: a neuron shows one node at a time; or do without enable_cadc_recording"
            )
        if not self.enable_madc_recording:
            return
        if not isinstance(index, int) or isinstance(index, bool):
            raise RecordingError(f"record_neuron_id: got {index!r}, wanted one neuron: the MADC records exactly one")
        if not 0 <= index < self.size:
            raise RecordingError(f"record_neuron_id: got {index}, wanted 0 to {self.size - 1}")


def _array(value: ParameterValue) -> np.ndarray:
    return value.to(torch.float64).cpu().numpy() if isinstance(value, Tensor) else np.array(value, np.float64)


def _legal_structure(structure: object) -> Morphology:
    if structure is None:
        return SingleCompartmentNeuron(1)
    if not isinstance(structure, Morphology):
        raise ParameterError(f"neuron_structure: got {type(structure).__name__}, wanted a Morphology or None")
    return structure
