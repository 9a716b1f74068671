"""What the chip knows of a population of neurons: parameters, place, registers, and recordings."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from hxtorch import core
from hxtorch.spiking.chip.recording import PopulationRecording, TraceReadout, of_readout, read_madc
from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.functional import CuBaStepCode
from hxtorch.spiking.functional.surrogates.threshold import Surrogate
from hxtorch.spiking.modules.legal import each, legal_flag, legal_mask
from hxtorch.spiking.modules.neurons import checks
from hxtorch.spiking.modules.neurons.declared import Kind, by_name, declarations, names_of, spell_out
from hxtorch.spiking.modules.neurons.terms import TermRegisters, equations_of, refuse_other_terms, terms_as_tensor
from hxtorch.spiking.modules.settings import save_settings, take_settings
from hxtorch.spiking.modules.types import Population
from hxtorch.spiking.network.handle import (
    AdaptiveNeuronHandle,
    AdaptiveReadoutNeuronHandle,
    NeuronHandle,
    ReadoutNeuronHandle,
    SynapseHandle,
)
from hxtorch.spiking.network.observables import AnalogObservable, HardwareObservables
from hxtorch.spiking.network.readout_source import ReadoutSource, of_source
from hxtorch.spiking.network.roles import BaseExperiment
from hxtorch.spiking.parameter import HXBaseParameter, ParameterValue, as_parameter

if TYPE_CHECKING:
    from hxtorch.core import AtomicNeuron, LogicalNeuronOnDLS


_STORED = ("trace_offset", "trace_scale", "cadc_time_shift", "shift_cadc_to_first")
"""What changes results beside the parameters."""

_HANDLES = {
    (True, False): NeuronHandle,
    (True, True): AdaptiveNeuronHandle,
    (False, False): ReadoutNeuronHandle,
    (False, True): AdaptiveReadoutNeuronHandle,
}
"""What layers fill that say by their arguments whether they fire and adapt."""


class NeuronCircuits(Population):
    """Base of the populations of neuron circuits: their chip's side.

    A model is a class with a declaration of its arguments
    (:func:`~hxtorch.spiking.modules.neurons.declared.declares`) and the terms of its equations.
    """

    input_type = SynapseHandle
    prepares = True
    _mask: Tensor | None = None
    _dropped: Tensor | None = None
    _is_set_up: bool = False

    _checks = (
        Population._checks
        | each(legal_flag, "enable_spike_recording", "enable_madc_recording")
        | each(legal_flag, "enable_cadc_recording", "enable_cadc_recording_placement_in_dram")
        | {
            "placement_constraint": lambda module, value: checks.legal_places(value, module.size),
            "neuron_structure": lambda module, value: checks.legal_structure(value),
            "chip_coordinate": lambda module, value: checks.legal_chip(value),
            "record_neuron_id": lambda module, value: checks.legal_index(value),
            "method": lambda module, value: checks.legal_surrogate(value),
            "alpha": lambda module, value: checks.legal_alpha(value),
        }
    )

    arguments: ClassVar[type]
    """The declared arguments of the constructor."""

    parameter_names: ClassVar[tuple[str, ...]]
    """Parameters that the chip is calibrated to."""

    register_names: ClassVar[tuple[str, ...]]
    """Parameters that the chip gets as register codes, without calibration."""

    parameters_known: ClassVar[frozenset[str]]
    """Names of all parameters that there may be: what is set under them becomes a parameter."""

    equations: ClassVar[CuBaStepCode | None] = None
    """Terms that the equations of the model have; None if each layer says so by its arguments."""

    older_params: ClassVar[Any] = None
    """Named tuple of the model's parameters in the older spelling; None if that knows no such model."""

    calibrated_names: tuple[str, ...]
    """As ``parameter_names``, with those of the calibration that no model has and the layer was given."""

    leak: HXBaseParameter
    reset: HXBaseParameter
    threshold: HXBaseParameter
    tau_mem: HXBaseParameter
    tau_syn: HXBaseParameter
    i_synin_gm: HXBaseParameter
    membrane_capacitance: HXBaseParameter
    refractory_time: HXBaseParameter
    synapse_dac_bias: HXBaseParameter
    holdoff_time: HXBaseParameter

    readout: TraceReadout
    """What is done to CADC traces before the numerics see them."""

    offset = trace_offset = of_readout("offset")
    scale = trace_scale = of_readout("scale")
    cadc_time_shift = of_readout("time_shift")
    shift_cadc_to_first = of_readout("shift_to_first")
    interpolation_mode = of_readout("interpolation_mode")
    cadc_readout_source = of_source("cadc_readout_source")
    madc_readout_source = of_source("madc_readout_source")

    coordinates: tuple[LogicalNeuronOnDLS, ...] = ()
    """Where the neurons are, once they were placed on a chip."""

    unit_ids: np.ndarray | None = None
    """Numbers of the neurons among all of the chip's, once they were placed, int64 (neuron,)."""

    def _set_up(
        self, size: int, experiment: BaseExperiment, positional: Sequence[Any], arguments: Mapping[str, Any]
    ) -> None:
        """Take the arguments of a constructor.

        Args:
            size: Number of neurons.
            experiment: Collects the module when it is called.
            positional: Arguments without names, in the order of the declaration or of the older generation.
            arguments: Those with names.
        """
        owner, known = type(self).__name__, declarations(self.arguments)
        named = by_name(owner, self.arguments, positional, arguments)
        given = spell_out(named, self.arguments, self.older_params)
        chosen = {name: given[name] if name in given else entry.made() for name, entry in known.items()}
        chosen |= {name: known[name].made() for name in self.register_names if chosen[name] is None}
        super().__init__(size, experiment, chosen["execution_instance"], chosen.get("chip_coordinate"), chosen["func"])
        if "params" in given:  # of another type than the model's
            self.params = given["params"]
        self.step: CuBaStepCode = self.equations or equations_of(chosen)
        if self.output_type is None:
            self.output_type = _HANDLES[self.fires, self.step.adapting]
        extra = names_of(self.arguments, Kind.EXTRA)
        self.calibrated_names = (*self.parameter_names, *(name for name in extra if name in given))
        for name in (*self.calibrated_names, *self.register_names):
            setattr(self, name, chosen[name])
        self.method: str | Surrogate = chosen.get("method", "superspike")
        self.alpha: float = chosen.get("alpha", 50.0)
        self.registers = TermRegisters(self.step, chosen.get("clock_scale_adaptation_pulse", 5), self.size)
        self.enable_spike_recording: bool = self.fires and chosen["enable_spike_recording"]
        self.enable_cadc_recording: bool = chosen["enable_cadc_recording"]
        self.enable_cadc_recording_placement_in_dram: bool = chosen["enable_cadc_recording_placement_in_dram"]
        self.cadc_readout_source = chosen["cadc_readout_source"]
        self.enable_madc_recording: bool = chosen["enable_madc_recording"]
        self.record_neuron_id: int | None = chosen["record_neuron_id"]
        self.madc_readout_source = chosen["madc_readout_source"]
        self.placement_constraint = chosen["placement_constraint"]
        self.neuron_structure = chosen["neuron_structure"]
        traces = ("trace_offset", "trace_scale", "cadc_time_shift", "shift_cadc_to_first", "interpolation_mode")
        self.readout = TraceReadout(*(chosen[name] for name in traces))
        self.readout.check_size(self.size)
        self._heard = self._reachable = False
        self._check_recording()
        self._check_times(self.params_dict())
        checks.check_terms(self.label, self.step, given)
        self._is_set_up = True

    def _check_times(self, parameters: Mapping[str, HXBaseParameter]) -> None:
        checks.check_times(self.label, parameters, self.experiment.dt, self.experiment.mock, self.func is None)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.parameters_known:
            value = self._legal_parameter(name, value)
            if self._is_set_up and checks.is_time(name):
                self._check_times({name: value})
        super().__setattr__(name, value)

    @property
    def fires(self) -> bool:
        """Whether the threshold comparator of the neurons is on."""
        return self.step.fire

    @property
    def mask(self) -> Tensor | None:
        """Which neurons may spike in this pass, bool (neuron,), or None for all; can be set.

        What is set holds until None is; each :class:`~hxtorch.spiking.BatchDropout` that reads the population takes
        more away.

        Raises:
            TensorTypeError, TensorShapeError: Something else is set, or a mask of another shape.
        """
        own, dropped = self._mask, self._dropped
        if own is None or dropped is None:
            return dropped if own is None else own
        return torch.stack((own, dropped)).all(0)

    @mask.setter
    def mask(self, mask: Tensor | None) -> None:
        self._mask = None if mask is None else legal_mask(self.label, mask, self.size).to(torch.bool)

    def prepare(self, sources: tuple[Any, ...], readers: tuple[Any, ...]) -> None:
        """Take up which neurons the layers that read this one drop in this run."""
        asked = [getattr(reader, "source_mask", None) for reader in readers]
        said = [mask for mask in asked if mask is not None]
        if said or self._dropped is not None:
            self._dropped = torch.stack(said).all(0) if said else None

    @property
    def madc_index(self) -> int | None:
        """The neuron that the MADC records, or None."""
        return self.record_neuron_id if self.enable_madc_recording else None

    def layout(self) -> tuple[Any, ...]:
        """Return what placing, routing and registers depend on: with an equal one nothing need be routed again."""
        constraint = None if self.placement_constraint is None else tuple(self.placement_constraint)
        codes = {} if self.experiment.mock else self.register_codes()
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
            self.step,
            self.registers.pulse_scale,
            tuple([(name, values.tobytes()) for name, values in codes.items()]) if codes else (),
        )

    def circuits(self) -> np.ndarray:
        """Return the circuits ``n`` of all neurons, int64 (neuron, circuit).

        Raises:
            PlacementError: They have no place yet.
        """
        if not self.coordinates:
            raise core.PlacementError(f"{self.label}: has no place on a chip; a run gives it one")
        return np.array([place.get_atomic_neurons() for place in self.coordinates], np.int64)

    @staticmethod
    def create_default_hw_entity() -> AtomicNeuron:
        """Return the registers that each circuit starts from, before the calibration."""
        return core.NeuronBlock().atomic_neurons[0]

    def add_to_network_graph(self, builder: core.NetworkBuilder) -> core.PopulationDescriptor:
        """Add the neurons to the network on the chip, at :attr:`coordinates`.

        Raises:
            PlacementError: They have no place yet.
            RecordingError: What was set does not go together, see the constructor.
        """
        self._check_recording()
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
            neuron_id: Number of the neuron in the population.
            neuron_block: Registers of all neurons.
            coord: Where the neuron is.

        Returns:
            ``neuron_block``.
        """
        structure = self.neuron_structure
        neuron_block = structure.implement_morphology(coord, neuron_block) or neuron_block
        structure.trim_capacitance(coord, neuron_block)
        structure.set_spike_recording(self.enable_spike_recording, coord, neuron_block)
        if not self.fires:
            structure.disable_spiking(coord, neuron_block)
        if not self.step.leaky:
            structure.disable_leak(coord, neuron_block)
        if self.enable_cadc_recording:
            structure.set_readout_source(self.cadc_readout_source, coord, neuron_block)
        if self.madc_index == neuron_id:
            structure.enable_madc_recording(coord, neuron_block, self.madc_readout_source)
        if self.register_names:
            self.registers.write(self.register_codes(), neuron_id, structure.main_circuit(coord), neuron_block)
        return neuron_block

    def register_codes(self) -> dict[str, np.ndarray]:
        """Return the codes of the exponential and adaptation terms that there are, by register, int64 (neuron,).

        Raises:
            ParameterError: A code is out of range, or a parameter has no value for the chip.
        """
        return self.registers.codes(self.params_dict()) if self.register_names else {}

    def hardware_values(self) -> dict[str, np.ndarray]:
        """Return what the chip shall be calibrated to; without a leak the reset is the resting potential.

        Returns:
            By name of the calibration target's field: float64, () or (neuron,), of the two synaptic inputs (2, neuron).

        Raises:
            ParameterError: A parameter has no value for the chip, or another number of values than there are neurons;
                or no chip has it, when it is asked for first.
        """
        values = {name: getattr(self, name).hardware_value for name in self.calibrated_names}
        for name, value in values.items():
            self._check_size(name, value)
            if value is None:
                raise ParameterError(f"{name} of {self.label}: got None, wanted a value for the chip")
        both = ("e_coba_reversal", "e_coba_reference")
        if not self._reachable:
            checks.check_reachable(self.label, values)
            self._reachable = True
        arrays = {name: checks.array(value, self.size, name in both) for name, value in values.items()}
        return arrays if self.step.leaky else {**arrays, "leak": arrays["reset"]}

    def observe(self, hw_data: PopulationRecording, runtime: float) -> HardwareObservables:
        """Turn recordings into tensors for the numerics, analog ones in model units."""
        spikes = super().observe(hw_data, runtime).spikes
        cadc = madc = None
        if hw_data.cadc is not None:
            cadc = self.readout.read(hw_data.cadc, runtime, self.experiment.dt, self.coordinates)
        if hw_data.madc is not None:
            madc = read_madc(hw_data.madc)
        of_cadc, of_madc = self.cadc_readout_source, self.madc_readout_source
        if of_cadc is of_madc is ReadoutSource.membrane:
            return HardwareObservables(spikes, cadc, madc)
        analog = AnalogObservable(of_cadc, cadc=cadc), AnalogObservable(of_madc, madc=madc)
        return HardwareObservables.of(spikes, tuple(one for one in analog if one.cadc is not one.madc))

    def _save_to_state_dict(self, destination: MutableMapping[str, Any], prefix: str, keep_vars: bool) -> None:
        """Store how traces are read and which terms there are, too."""
        super()._save_to_state_dict(destination, prefix, keep_vars)
        save_settings(self, _STORED, destination, prefix)
        destination[prefix + "terms"] = terms_as_tensor(self.step)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *others: Any) -> None:
        """Take over how traces are read, and refuse other terms; older checkpoints have neither."""
        take_settings(self, _STORED, state_dict, prefix)
        refuse_other_terms(f"{prefix}terms", state_dict.pop(f"{prefix}terms", None), self.step, others[-1])
        checks.check_saved(state_dict, prefix, self.params_dict(), self.size, others[-1])
        super()._load_from_state_dict(state_dict, prefix, *others)

    def _legal_parameter(self, name: str, value: Any) -> HXBaseParameter:
        owner = type(self).__name__
        try:
            if name == "membrane_capacitance":
                parameter = checks.capacitance(value, owner)
            else:
                parameter = checks.tau_adap(value) if name == "tau_adap" else as_parameter(value)
        except ParameterError as error:
            raise ParameterError(f"{name} of {owner}: {error}") from None
        self._check_size(name, parameter.model_value)
        return parameter

    def _check_size(self, name: str, value: ParameterValue | None) -> None:
        if not isinstance(value, Tensor):
            return
        both = name.startswith("e_coba")
        if value.shape not in ((), (1,), (self.size,)) and not (both and value.shape in ((2,), (2, self.size))):
            raise ParameterError(f"{name}: got shape {tuple(value.shape)}, wanted one number or ({self.size},)")

    def _check_recording(self) -> None:
        cadc = self.cadc_readout_source if self.enable_cadc_recording else None
        madc = self.madc_readout_source if self.enable_madc_recording else None
        checks.check_recording(self.size, self.record_neuron_id, cadc, madc)
