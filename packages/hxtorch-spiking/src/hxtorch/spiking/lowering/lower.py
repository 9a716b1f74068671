"""The way of a network onto a chip and of its observables back.

What a step has in common with the one before is kept: placing and routing as long as the plan has the same signature,
weights as long as their values in LSB are the same, the calibration as long as the values of its target are.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hxtorch import core
from hxtorch.core.calibration import check_parameters
from hxtorch.spiking.chip.execution_instance import ExecutionInstance
from hxtorch.spiking.chip.input_generator import ON_CHIP_LATENCY, InputGenerator
from hxtorch.spiking.chip.recording import HardwareObservablesExtractor
from hxtorch.spiking.errors import ExperimentError, ParameterError
from hxtorch.spiking.lowering.biases import add_biases
from hxtorch.spiking.lowering.entries import entry_wait
from hxtorch.spiking.lowering.placing import place, recording_of
from hxtorch.spiking.lowering.plan import Plan, Source, make_plans
from hxtorch.spiking.lowering.results import HardwareResults, on_grid, post_process
from hxtorch.spiking.modules.neurons.analog import AnalogNeuron
from hxtorch.spiking.modules.neurons.source import InputNeuron

if TYPE_CHECKING:
    from hxtorch.core.interfaces import ChipCalibration
    from hxtorch.spiking.experiment.experiment import Experiment

_LOG = logging.getLogger("hxtorch.spiking.lowering.lower")


class ChipNetwork:
    """A network of one execution instance: placed, and routed by :meth:`routed`.

    Args:
        plan: What goes on the chip.
        experiment: Whose network it is.

    Raises:
        PlacementError, RecordingError: It does not fit.
    """

    graph: core.NetworkGraph

    def __init__(self, plan: Plan, experiment: Experiment) -> None:
        self.signature = plan.signature()
        self._register(plan, experiment)
        on_chip: list[AnalogNeuron] = [
            module for module in experiment.hw_populations if isinstance(module, AnalogNeuron)
        ]
        self._circuits = place(on_chip, experiment)
        builder = core.NetworkBuilder()
        self._sources = [
            _called(source.population, builder)
            if isinstance(source.population, InputNeuron)
            else builder.add(core.ExternalPopulation(source.size, source.loopback, "inputs"))
            for source in plan.sources
        ]
        self.populations = {population: _called(population, builder) for population in on_chip}
        self.recording = recording_of(on_chip)
        builder.add_recording(self.recording or core.CADCRecording())
        self._projections = [
            _descriptors(
                wire.projection.add_to_network_graph(self._end(plan, wire.pre), self._end(plan, wire.post), builder)
            )
            for wire in plan.wires
            if wire.projection in experiment.hw_projections
        ]
        self._wires = [wire.projection for wire in plan.wires if wire.projection in experiment.hw_projections]
        self.network = builder.done()
        self._configured: tuple[ChipCalibration, core.ChipConfiguration] | None = None
        self.configuration = core.ChipConfiguration()
        self._target: tuple[list[Any], dict[str, np.ndarray]] | None = None
        self._noted: list[Any] = [None] * len(self._wires)

    def routed(self, routing: Callable[[core.Network], core.Routing]) -> ChipNetwork:
        """Return this network with its routes.

        Raises:
            RoutingError: It does not fit.
        """
        self.graph = core.build_network_graph(self.network, routing(self.network))
        return self

    def wires(self) -> Iterable[tuple[Any, tuple[core.ProjectionDescriptor, ...]]]:
        """Return the modules whose synapses there are, and what these are called in the network."""
        return zip(self._wires, self._projections, strict=True)

    def update(self) -> None:
        """Take over the weights of the projections, whose places stay as they are, if their values changed."""
        routed = self.graph.network.projections
        changed: dict[core.ProjectionDescriptor, np.ndarray] = {}
        asked = []
        for number, projection in enumerate(self._wires):
            noted = self._noted[number]
            if noted is not None and projection.has_weights(noted):
                continue
            weights = _by_descriptor(self._projections[number], projection.hardware_weights())
            changed |= {one: new for one, new in weights if not np.array_equal(new, routed[one].weights)}
            asked.append(number)
        if changed:
            self.graph = core.update_network_graph(self.graph, self.graph.network.with_weights(changed))
        for number in asked:  # now that they are there: another projection may have refused its weights
            self._noted[number] = self._wires[number].noted_weights(self._noted[number])

    @property
    def trained(self) -> bool:
        """Whether a parameter of a population is trained."""
        return any(population.has_trainable_params() for population in self._circuits)

    def target_values(self, plan: Plan) -> dict[str, np.ndarray]:
        """Return the fields of the calibration target that the modules ask for, (512,) or ().

        Args:
            plan: Has the signature that was routed; its shifts are added to leaks.

        Neurons that no module uses, and fields that a module does not have, get a value that is asked for elsewhere.

        Raises:
            ParameterError: Populations ask for different bias currents of the synapses, which are one for the chip.
        """
        key, shifts = [*plan.values], plan.shifts
        if shifts:
            key.append({population: shift.tobytes() for population, shift in shifts.items()})
        if self._target is not None and self._target[0] == key:
            return self._target[1]
        asked = [population.hardware_values() for population in self._circuits]
        for population, values in zip(self._circuits, asked, strict=True):
            if population in shifts:
                values["leak"] = values["leak"] + shifts[population]
        collected: dict[str, np.ndarray] = {}
        for circuits, values in zip(self._circuits.values(), asked, strict=True):
            for name, value in values.items():
                if value.ndim == 2:  # of both synaptic inputs, which other populations have current-based
                    field = collected.setdefault(name, np.full((2, 512), np.nan))
                    field[:, circuits] = value[..., np.newaxis]
                    continue
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

    def execution(
        self,
        plan: Plan,
        calibration: ChipCalibration,
        runtime: int,
        dt: float,
        batch_size: int,
        others: Mapping[Any, Any],
        session: core.Session | None = None,
    ) -> core.Execution:
        """Return what runs.

        Args:
            plan: Has the signature that was routed.
            calibration: Register codes of the analog cells.
            runtime: Length of the run in steps.
            dt: Step in seconds.
            batch_size: Number of batch entries.
            others: The networks of other execution instances, by instance, which may send spikes.
            session: Where to run, or None for the current session.

        Raises:
            CalibrationTargetError: A strict execution instance has a calibration for other parameters.
            ProgramError: The chip cannot write what a hook of the execution instance asks for.
        """
        if self.trained or self._configured is None or self._configured[0] is not calibration:
            if plan.instance.calibration is not None:
                self._compare(calibration, plan.instance)
            self._configured = calibration, self._configure(calibration)
            self._report_failed(calibration)
        generator = InputGenerator(runtime, dt, batch_size)
        origins = {}
        for source, descriptor in zip(plan.sources, self._sources, strict=True):
            if source.population is None:
                generator.add(descriptor, source.handle.filled(), source.reader)
            elif isinstance(source.population, InputNeuron):
                source.population.descriptor = descriptor
                source.population.add_to_input_generator(source.handle, generator)
            else:
                assert isinstance(source.population, AnalogNeuron)  # noqa: S101 - nothing else sends spikes
                origins[descriptor] = _origin(source.population, others)
        inputs = generator.done()
        hooks = plan.instance.hooks_for(inputs.runtime)
        self.configuration = self._dropped(self._configured[1])
        return core.Execution(self.configuration, self.graph, inputs, origins, hooks, session)

    def observe(
        self, plan: Plan, result: core.SpikingResult, cycles: int, seconds: float, steps: int
    ) -> dict[Any, Any]:
        """Return what was recorded, by module, on a grid of as many steps as the inputs have.

        Args:
            plan: What ran.
            result: What came back.
            cycles: Length of the run.
            seconds: The same in seconds.
            steps: Length of the inputs.
        """
        extractor = HardwareObservablesExtractor()
        extractor.set_data(self.graph, result, cycles)
        recorded: list[tuple[Any, Any]] = [*self.populations.items()]
        recorded += [(s.population, d) for s, d in zip(plan.sources, self._sources, strict=True) if s.loopback]
        found = {}
        for module, descriptor in recorded:
            if module._run_seconds != seconds:
                module._run_seconds = seconds
            found[module] = on_grid(post_process(module, extractor.get(descriptor), seconds), steps)
        return found

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
        if end not in self.populations:
            raise ExperimentError(f"{end.label}: synapses need it on the chip, but it did not register there")
        return self.populations[end]

    def _configure(self, calibration: ChipCalibration) -> core.ChipConfiguration:
        """Return all registers below the network: what the modules start from, the calibration, what modules set."""
        chip = core.Chip()
        for population, circuits in self._circuits.items():
            entity = population.create_default_hw_entity()
            for circuit in circuits.flat:
                chip.neuron_block.atomic_neurons[circuit] = entity
        block = core.Chip(calibration.apply(chip.configuration)).neuron_block
        for population in self._circuits:
            for neuron_id, coordinate in enumerate(population.coordinates):
                block = population.configure_hw_entity(neuron_id, block, coordinate) or block
            population.set_trainable_params(block.chip)
        return block.chip.configuration

    def _dropped(self, configuration: core.ChipConfiguration) -> core.ChipConfiguration:
        """Return ``configuration`` with the comparators off that belong to neurons which may not spike in this run."""
        masks = {population: mask for population in self._circuits if (mask := population.mask) is not None}
        if not masks:
            return configuration
        fires = configuration.enable_threshold.copy()
        for population, circuits in self._circuits.items():
            mask = masks.get(population)
            if mask is not None:
                fires[circuits] &= mask.cpu().numpy()[:, np.newaxis]
        if np.array_equal(fires, configuration.enable_threshold):
            return configuration
        return configuration.replace(enable_threshold=fires)

    def _compare(self, calibration: ChipCalibration, instance: ExecutionInstance) -> None:
        """Tell modules what a loaded calibration was made for, or report where their parameters differ from that."""
        if instance.decides_parameters and not instance.strict:
            for population, circuits in self._circuits.items():
                population.params_from_calibration(calibration.target, circuits[:, 0])
                population.forget_state()
            return
        for population, circuits in self._circuits.items():
            values = {}
            for name in population.parameter_names:
                parameter = getattr(population, name)
                if not parameter.model_only:
                    values[name] = np.zeros(512)
                    values[name][circuits] = np.asarray(parameter.hardware_value, np.float64)[..., np.newaxis]
            check_parameters(calibration, values, circuits.reshape(-1), instance.strict)

    def _report_failed(self, calibration: ChipCalibration) -> None:
        used = np.concatenate([circuits.reshape(-1) for circuits in self._circuits.values()])
        failed = np.intersect1d(calibration.failed, used)
        if failed.size:
            _LOG.warning("%d neurons in use did not reach the calibration's target: %s", failed.size, failed.tolist())


class ChipRun(NamedTuple):
    """What chips did for an experiment.

    Attributes:
        recorded: Tensors by module.
        infos: What each chip did, by execution instance.
    """

    recorded: HardwareResults
    infos: dict[ExecutionInstance, core.ExecutionInfo]


def run_on_chip(
    experiment: Experiment, runtime: int, batch_size: int, steps: int, chips: dict[ExecutionInstance, ChipNetwork]
) -> ChipRun:
    """Run an experiment's network on the connected chip, or on several.

    Args:
        experiment: Its modules were called.
        runtime: Length of the run in steps.
        batch_size: Number of batch entries.
        steps: Length of the inputs.
        chips: Networks that were routed in earlier runs, by execution instance; brought up to date.
    """
    executions: dict[ExecutionInstance, core.Execution] = {}
    plans = make_plans(experiment.modules)
    for plan in plans:
        add_biases(plan, experiment.dt, runtime, batch_size)
        instance = plan.instance
        chip = chips.get(instance)
        if chip is None or chip.signature != plan.signature():
            chip = chips[instance] = ChipNetwork(plan, experiment).routed(experiment.hw_routing_func)
        else:
            chip.update()
        instance.modules = tuple(plan.populations)
        instance._recording = chip.recording
        session = instance.session or core.current_session()
        values = {} if instance.calibration else chip.target_values(plan)
        calibration = instance.calibrate(session.connection, values, chip.trained)
        execution = chip.execution(plan, calibration, runtime, experiment.dt, batch_size, chips, session)
        if experiment.inter_batch_entry_wait is not None and batch_size > 1:
            execution = replace(execution, entry_wait=entry_wait(plan, experiment))
        executions[instance] = execution
    results = core.run_executions(executions)
    recorded, infos = HardwareResults(), {}
    for plan in plans:
        chip, result = chips[plan.instance], results[plan.instance]
        cycles = executions[plan.instance].inputs.runtime
        recorded.update(chip.observe(plan, result, cycles, runtime * experiment.dt, steps))
        infos[plan.instance] = result.info
        plan.instance.chip = chip.configuration
    return ChipRun(recorded, infos)


def _called(population: AnalogNeuron | InputNeuron, builder: core.NetworkBuilder) -> core.PopulationDescriptor:
    """Add a population and let it know what it is called."""
    descriptor = population.descriptor = population.add_to_network_graph(builder)
    return descriptor


def _descriptors(
    added: core.ProjectionDescriptor | tuple[core.ProjectionDescriptor, ...],
) -> tuple[core.ProjectionDescriptor, ...]:
    """Return what signed synapses are called: one name, or an excitatory and an inhibitory one."""
    return tuple(dict.fromkeys(added)) if isinstance(added, tuple) else (added,)


def _by_descriptor(
    descriptors: tuple[core.ProjectionDescriptor, ...], signed: np.ndarray
) -> Iterable[tuple[core.ProjectionDescriptor, np.ndarray]]:
    """Return which weights belong to each descriptor."""
    if len(descriptors) == 1:
        return ((descriptors[0], signed),)
    return zip(descriptors, (signed.clip(min=0), signed.clip(max=0)), strict=True)


def _origin(population: AnalogNeuron, chips: Mapping[Any, ChipNetwork]) -> core.Origin:
    """Return where the spikes of a population of another execution instance come from."""
    if not population.enable_spike_recording:
        raise ParameterError(f"{population.label}: another chip needs its spikes; enable_spike_recording")
    instance = population.execution_instance
    return core.Origin(instance, chips[instance].populations[population], ON_CHIP_LATENCY)
