"""What firing and non-firing neurons have in common: parameters for the chip, place, and recordings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from hxtorch.core import CADCHandle, MADCHandle, RecordingError, SpikeHandle
from hxtorch.core.coordinates import LogicalNeuronOnDLS
from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.experiment import Experiment
from hxtorch.spiking.functional.masked import Masked
from hxtorch.spiking.functional.threshold import Surrogate
from hxtorch.spiking.handle import SynapseHandle, TensorHandle
from hxtorch.spiking.modules.arguments import lif_defaults
from hxtorch.spiking.modules.types import Population
from hxtorch.spiking.observables import NOTHING, HardwareObservables
from hxtorch.spiking.parameter import HXBaseParameter, ParameterValue, as_parameter
from hxtorch.spiking.recording import TraceReadout, read_madc


class AnalogNeuron(Population):
    """Base of the populations of neuron circuits.

    Args:
        size: Number of neurons.
        experiment: Collects the module when it is called.
        names: Arguments that the model has.
        given: Those that the user gave; defaults are those of :mod:`~hxtorch.spiking.modules.arguments`.
    """

    input_type = SynapseHandle
    fires: ClassVar[bool]
    """Whether the threshold comparator of the neurons is on."""

    leaks: ClassVar[bool] = True
    """Whether the leak of the neurons is on."""

    parameter_names: ClassVar[tuple[str, ...]]
    """Parameters that the chip is calibrated to."""

    tau_mem: HXBaseParameter
    tau_syn: HXBaseParameter
    i_synin_gm: HXBaseParameter
    membrane_capacitance: HXBaseParameter
    synapse_dac_bias: HXBaseParameter

    coordinates: tuple[LogicalNeuronOnDLS, ...] = ()
    """Where the neurons are, once they were placed on a chip."""

    def __init__(self, size: int, experiment: Experiment, names: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        unknown = sorted(set(given) - set(names))
        if unknown:
            raise TypeError(f"{type(self).__name__}: got an unknown argument {unknown[0]!r}; known: {', '.join(names)}")
        chosen = {**lif_defaults(), **given}
        super().__init__(size, experiment, chosen["execution_instance"])
        for name in self.parameter_names:
            self.add_module(name, self._legal_parameter(name, chosen[name]))
        self.enable_spike_recording: bool = self.fires and chosen["enable_spike_recording"]
        self.enable_cadc_recording: bool = chosen["enable_cadc_recording"]
        self.enable_cadc_recording_placement_in_dram: bool = chosen["enable_cadc_recording_placement_in_dram"]
        self.enable_madc_recording: bool = chosen["enable_madc_recording"]
        self.record_neuron_id: int | None = chosen["record_neuron_id"]
        self.placement_constraint = chosen["placement_constraint"]
        if chosen["neuron_structure"] is not None:
            raise ParameterError("neuron_structure: got a structure, wanted None: each neuron is one circuit")
        self.readout = TraceReadout(
            chosen["trace_offset"],
            chosen["trace_scale"],
            chosen["cadc_time_shift"],
            chosen["shift_cadc_to_first"],
            chosen["interpolation_mode"],
        )
        self._check_recording()

    @property
    def mask(self) -> Tensor | None:
        """Which neurons may spike in this pass, bool (neuron,), or None for all.

        Said by each :class:`~hxtorch.spiking.BatchDropout` that reads the population.
        """
        masks = [
            node.module.source_mask
            for own in self.experiment.modules
            if own.module is self
            for node in self.experiment.modules.readers(own.target)
        ]
        said = [mask for mask in masks if mask is not None]
        return torch.stack(said).all(0) if said else None

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
        )

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
        return {name: torch.as_tensor(value, dtype=torch.float64).cpu().numpy() for name, value in values.items()}

    def total_input(self, handles: tuple[TensorHandle, ...]) -> Tensor:
        """Return the sum of the weighted spikes of all synapses onto this population."""
        total = handles[0].filled()
        for handle in handles[1:]:
            total = total + handle.filled()
        return total

    def post_process(
        self,
        hw_spikes: SpikeHandle | None,
        hw_cadc: CADCHandle | None,
        hw_madc: MADCHandle | None,
        runtime: float,
    ) -> HardwareObservables:
        """Turn recordings into tensors for the numerics, membranes in model units."""
        cadc = None
        if hw_cadc is not None:
            cadc = self.readout.read(hw_cadc, runtime, self.experiment.dt, self.coordinates)
        spikes = super().post_process(hw_spikes, hw_cadc, hw_madc, runtime).spikes
        return HardwareObservables(spikes, cadc, None if hw_madc is None else read_madc(hw_madc))

    def _observables(self, hw_data: HardwareObservables | None, like: Tensor) -> HardwareObservables:
        """Return ``hw_data`` in the type and on the device of ``like``."""
        if hw_data is None:
            return NOTHING
        traces = (hw_data.spikes, hw_data.cadc, hw_data.adaptation)
        spikes, cadc, adaptation = (None if trace is None else trace.to(like) for trace in traces)
        return HardwareObservables(spikes, cadc, hw_data.madc, adaptation)

    def _masked(self, method: str | Surrogate) -> str | Surrogate:
        """Return ``method``, silent where a mask says so."""
        mask = self.mask
        return method if mask is None else Masked(method, mask)

    def _legal_parameter(self, name: str, value: Any) -> HXBaseParameter:
        parameter = as_parameter(value)
        self._check_size(name, parameter.model_value)
        return parameter

    def _check_size(self, name: str, value: ParameterValue) -> None:
        if isinstance(value, Tensor) and value.shape not in ((), (1,), (self.size,)):
            raise ParameterError(f"{name}: got shape {tuple(value.shape)}, wanted one number or ({self.size},)")

    def _check_recording(self) -> None:
        index = self.record_neuron_id
        if not self.enable_madc_recording:
            return
        if not isinstance(index, int) or isinstance(index, bool):
            raise RecordingError(f"record_neuron_id: got {index!r}, wanted one neuron: the MADC records exactly one")
        if not 0 <= index < self.size:
            raise RecordingError(f"record_neuron_id: got {index}, wanted 0 to {self.size - 1}")
