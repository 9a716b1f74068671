"""The way of a network onto a chip and of its observables back.

What a step has in common with the one before is kept: placing and routing as long as the plan has the same signature,
weights as long as their values in LSB are the same, the calibration as long as the values of its target are.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from hxtorch import core
from hxtorch.core.calibration import Calibration, check_parameters
from hxtorch.core.routing.placement import NeuronPlacement
from hxtorch.spiking.chip.execution_instance import ExecutionInstance
from hxtorch.spiking.chip.input_generator import InputGenerator
from hxtorch.spiking.errors import ExperimentError, ParameterError
from hxtorch.spiking.lowering.plan import Plan, Source, make_plans
from hxtorch.spiking.modules.hx_module import HXModule
from hxtorch.spiking.modules.neurons.analog import AnalogNeuron
from hxtorch.spiking.modules.neurons.source import InputNeuron
from hxtorch.spiking.modules.types import Population
from hxtorch.spiking.network.handle import NeuronHandle
from hxtorch.spiking.network.observables import HardwareObservables

if TYPE_CHECKING:
    from hxtorch.spiking.experiment.experiment import Experiment

_LOG = logging.getLogger("hxtorch.spiking.lowering.lower")


class ChipNetwork:
    """A placed and routed network of one execution instance.

    Args:
        plan: What goes on the chip.
        experiment: Whose network it is.

    Raises:
        PlacementError, RoutingError, RecordingError: It does not fit.
    """

    def __init__(self, plan: Plan, experiment: Experiment) -> None:
        self.signature = plan.signature()
        self._register(plan, experiment)
        on_chip = [module for module in experiment.hw_populations if isinstance(module, AnalogNeuron)]
        self._ids, self._circuits = _place(on_chip)
        builder = core.NetworkBuilder()
        self._sources = [
            source.population.add_to_network_graph(builder)
            if isinstance(source.population, InputNeuron)
            else builder.add(core.ExternalPopulation(source.size, source.loopback, "inputs"))
            for source in plan.sources
        ]
        self._populations = {population: population.add_to_network_graph(builder) for population in on_chip}
        in_dram = any(population.enable_cadc_recording_placement_in_dram for population in on_chip)
        builder.add_recording(core.CADCRecording(in_dram=in_dram))
        self._projections = [
            _signed(
                wire.projection.add_to_network_graph(self._end(plan, wire.pre), self._end(plan, wire.post), builder)
            )
            for wire in plan.wires
            if wire.projection in experiment.hw_projections
        ]
        self._wires = [wire.projection for wire in plan.wires if wire.projection in experiment.hw_projections]
        network = builder.done()
        self._graph = core.build_network_graph(network, experiment.hw_routing_func(network))
        self._configured: tuple[Calibration, core.ChipConfiguration] | None = None
        self._target: tuple[list[list[tuple[str, bytes]]], dict[str, np.ndarray]] | None = None

    def update(self) -> None:
        """Take over the weights of the projections, whose places stay as they are, if their values changed."""
        routed = self._graph.network.projections
        weights = [projection.hardware_weights() for projection in self._wires]
        changed = {
            descriptor: new
            for descriptor, new in zip(self._projections, weights, strict=True)
            if not np.array_equal(new, routed[descriptor].weights)
        }
        if changed:
            self._graph = core.update_network_graph(self._graph, self._graph.network.with_weights(changed))

    def target_values(self) -> dict[str, np.ndarray]:
        """Return the fields of the calibration target that the modules ask for, (512,) or ().

        Neurons that no module uses, and fields that a module does not have, get a value that is asked for elsewhere.

        Raises:
            ParameterError: Populations ask for different bias currents of the synapses, which are one for the chip.
        """
        asked = [population.hardware_values() for population in self._circuits]
        key = [[(name, value.tobytes()) for name, value in values.items()] for values in asked]
        if self._target is not None and self._target[0] == key:
            return self._target[1]
        collected: dict[str, np.ndarray] = {}
        for circuits, values in zip(self._circuits.values(), asked, strict=True):
            for name, value in values.items():
                field = collected.setdefault(name, np.full(512, value.flat[0]))
                field[circuits] = value[..., np.newaxis]
        biases = np.unique(collected["synapse_dac_bias"])
        if len(biases) > 1:
            raise ParameterError(
                f"synapse_dac_bias: got {biases.tolist()} in one network, wanted one value for the chip"
            )
        collected["synapse_dac_bias"] = biases[0]
        self._target = key, collected
        return collected

    def run(
        self,
        plan: Plan,
        calibration: Calibration,
        runtime: int,
        dt: float,
        sent: dict[HXModule, core.SpikeHandle],
    ) -> tuple[dict[HXModule, HardwareObservables], core.ExecutionInfo]:
        """Run once for each batch entry.

        Args:
            plan: Has the signature that was routed.
            calibration: Register codes of the analog cells.
            runtime: Length of the run in steps.
            dt: Step in seconds.
            sent: Spikes that other instances recorded, by population; those of this one are added.

        Returns:
            What was recorded, by module; and what the chip did.

        Raises:
            CalibrationTargetError: A strict execution instance has a calibration for other parameters.
            ProgramError: The chip cannot write what a hook of the execution instance asks for.
        """
        if self._configured is None or self._configured[0] is not calibration:
            if plan.instance.calibration is not None:
                self._compare(calibration, plan.instance.strict)
            self._configured = calibration, self._configure(calibration)
            self._report_failed(calibration)
        generator = InputGenerator(runtime, dt)
        for source, descriptor in zip(plan.sources, self._sources, strict=True):
            if isinstance(source.population, InputNeuron) and isinstance(source.handle, NeuronHandle):
                source.population.descriptor = descriptor
                source.population.add_to_input_generator(source.handle, generator)
            elif isinstance(source.population, AnalogNeuron):
                generator.forward(descriptor, _recorded(source.population, sent))
            else:
                generator.add(descriptor, source.handle.filled())
        inputs = generator.done()
        result = core.run(self._dropped(self._configured[1]), self._graph, inputs, plan.instance.playback_hooks)
        cycles, seconds = inputs.runtime, runtime * dt

        hw_spikes = core.extract_spikes(result, self._graph, cycles)
        sent.update((module, hw_spikes[key]) for module, key in self._populations.items() if key in hw_spikes)
        hw_cadc = core.extract_cadc(result, self._graph, cycles)
        hw_madc = core.extract_madc(result, self._graph, cycles)
        observables: dict[HXModule, HardwareObservables] = {}
        recorded: list[tuple[Population, core.PopulationDescriptor]] = [*self._populations.items()]
        recorded += [
            (s.population, d) for s, d in zip(plan.sources, self._sources, strict=True) if s.loopback and s.population
        ]
        for module, key in recorded:
            observables[module] = module.post_process(hw_spikes.get(key), hw_cadc.get(key), hw_madc.get(key), seconds)
        return observables, result.info

    def _register(self, plan: Plan, experiment: Experiment) -> None:
        """Let all modules announce themselves to the experiment."""
        experiment.hw_populations.clear()
        experiment.hw_projections.clear()
        inputs = [source.population for source in plan.sources if isinstance(source.population, InputNeuron)]
        for population in [*plan.populations, *inputs]:
            population.register_hw_entity()
        for projection in dict.fromkeys(wire.projection for wire in plan.wires):
            projection.register_hw_entity()

    def _end(self, plan: Plan, end: Source | AnalogNeuron) -> core.PopulationDescriptor:
        if isinstance(end, Source):
            return self._sources[plan.sources.index(end)]
        if end not in self._populations:
            raise ExperimentError(f"{end.label}: synapses need it on the chip, but it did not register there")
        return self._populations[end]

    def _configure(self, calibration: Calibration) -> core.ChipConfiguration:
        """Return all registers below the network: what the modules start from, the calibration, what modules set."""
        chip = core.Chip()
        for population, circuits in self._circuits.items():
            entity = population.create_default_hw_entity()
            for circuit in circuits.flat:
                chip.neuron_block.atomic_neurons[circuit] = entity
        block = core.Chip(calibration.apply(chip.configuration)).neuron_block
        for population, ids in self._ids.items():
            for neuron_id, place in zip(ids, population.coordinates, strict=True):
                block = population.configure_hw_entity(neuron_id, block, place)
        return block.chip.configuration

    def _dropped(self, configuration: core.ChipConfiguration) -> core.ChipConfiguration:
        """Return ``configuration`` with the comparators off that belong to neurons which may not spike in this run."""
        masks = {population: population.mask for population in self._circuits}
        if all(mask is None for mask in masks.values()):
            return configuration
        fires = configuration.enable_threshold.copy()
        for population, circuits in self._circuits.items():
            mask = masks[population]
            if mask is not None:
                fires[circuits] &= mask.cpu().numpy()[:, np.newaxis]
        if np.array_equal(fires, configuration.enable_threshold):
            return configuration
        return configuration.replace(enable_threshold=fires)

    def _compare(self, calibration: Calibration, strict: bool) -> None:
        """Report where a loaded calibration was made for other parameters than those of the modules."""
        for population, circuits in self._circuits.items():
            values = {}
            for name in population.parameter_names:
                parameter = getattr(population, name)
                if not parameter.model_only:
                    values[name] = np.zeros(512)
                    values[name][circuits] = np.asarray(parameter.hardware_value, np.float64)[..., np.newaxis]
            check_parameters(calibration, values, circuits.reshape(-1), strict)

    def _report_failed(self, calibration: Calibration) -> None:
        used = np.concatenate([circuits.reshape(-1) for circuits in self._circuits.values()])
        failed = np.intersect1d(calibration.failed, used)
        if failed.size:
            _LOG.warning("%d neurons in use did not reach the calibration's target: %s", failed.size, failed.tolist())


def run_on_chip(
    experiment: Experiment, runtime: int, chips: dict[ExecutionInstance, ChipNetwork]
) -> tuple[dict[HXModule, HardwareObservables], tuple[core.ExecutionInfo, ...]]:
    """Run an experiment's network on the connected chip.

    Args:
        experiment: Its modules were called.
        runtime: Length of the run in steps.
        chips: Networks that were routed in earlier runs, by execution instance; brought up to date.

    Returns:
        What was recorded, by module; and what the chip did, by execution instance.
    """
    connection = core.current_session().connection
    recorded: dict[HXModule, HardwareObservables] = {}
    sent: dict[HXModule, core.SpikeHandle] = {}
    infos = []
    for plan in make_plans(experiment.modules):
        chip = chips.get(plan.instance)
        if chip is None or chip.signature != plan.signature():
            chip = chips[plan.instance] = ChipNetwork(plan, experiment)
        else:
            chip.update()
        values = {} if plan.instance.calibration else chip.target_values()
        calibration = plan.instance.calibrate(connection, values)
        observables, info = chip.run(plan, calibration, runtime, experiment.dt, sent)
        recorded.update(observables)
        infos.append(info)
    return recorded, tuple(infos)


def _place(populations: list[AnalogNeuron]) -> tuple[dict[AnalogNeuron, range], dict[AnalogNeuron, np.ndarray]]:
    """Choose places on the chip and tell the populations.

    Returns:
        By population the numbers of its neurons, and their circuits, int64 (neuron, circuit).
    """
    placement = NeuronPlacement()
    ids: dict[AnalogNeuron, range] = {}
    first = 0
    for population in populations:
        ids[population] = range(first, first + population.size)
        first += population.size
    for population in sorted(populations, key=lambda population: population.placement_constraint is None):
        shape = population.neuron_structure.logical_neuron
        placement.register_id(ids[population], shape, population.placement_constraint)
        population.coordinates = tuple(placement.id2logicalneuron(ids[population]))
    return ids, {population: population.circuits() for population in populations}


def _signed(added: core.ProjectionDescriptor | tuple[core.ProjectionDescriptor, ...]) -> core.ProjectionDescriptor:
    """Return what signed synapses are called; hooks of users may return that alone."""
    return added[0] if isinstance(added, tuple) else added


def _recorded(population: AnalogNeuron, sent: Mapping[HXModule, core.SpikeHandle]) -> core.SpikeHandle:
    """Return what a population of another execution instance sent."""
    if population not in sent:
        raise ParameterError(f"{population.label}: another chip needs its spikes; enable_spike_recording")
    return sent[population]
