"""The way of a network onto a chip and of its observables back.

What a step has in common with the one before is kept: placing and routing as long as the plan has the same signature,
weights as long as their values in LSB are the same, the calibration as long as the values of its target are.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from hxtorch import core
from hxtorch.core.calibration import Calibration
from hxtorch.core.placement import NeuronPlacement
from hxtorch.spiking.errors import ParameterError, TensorValueError
from hxtorch.spiking.execution_instance import ExecutionInstance
from hxtorch.spiking.modules.analog import AnalogNeuron
from hxtorch.spiking.modules.module import HXModule
from hxtorch.spiking.modules.types import Population
from hxtorch.spiking.observables import HardwareObservables
from hxtorch.spiking.plan import Plan, Source, make_plans

if TYPE_CHECKING:
    from hxtorch.spiking.experiment import Experiment

_LOG = logging.getLogger("hxtorch.spiking.lowering")


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
        self._neurons = _place(plan)
        builder = core.NetworkBuilder()
        self._sources = [
            builder.add(core.ExternalPopulation(source.size, source.loopback, "inputs")) for source in plan.sources
        ]
        self._populations = {
            population: builder.add(
                core.Population(
                    self._neurons[population],
                    population.enable_spike_recording,
                    population.enable_cadc_recording,
                    population.madc_index,
                    population.label,
                )
            )
            for population in plan.populations
        }
        in_dram = any(population.enable_cadc_recording_placement_in_dram for population in plan.populations)
        builder.add_recording(core.CADCRecording(in_dram=in_dram))
        self._weights = _weights(plan)
        self._projections = []
        for wire, weights in zip(plan.wires, self._weights, strict=True):
            pre = (
                self._sources[plan.sources.index(wire.pre)]
                if isinstance(wire.pre, Source)
                else self._populations[wire.pre]
            )
            post = self._populations[wire.post]
            self._projections.append(
                builder.add(core.Projection(pre, post, weights, wire.projection.hardware_mask(), wire.projection.label))
            )
        network = builder.done()
        self._graph = core.build_network_graph(network, experiment.hw_routing_func(network))
        self._fires, self._leaks = np.zeros(512, np.bool_), np.ones(512, np.bool_)
        for population, neurons in self._neurons.items():
            self._fires[neurons] = population.fires
            self._leaks[neurons] = population.leaks
        self._configured: tuple[Calibration, core.ChipConfiguration] | None = None

    def update(self, plan: Plan) -> None:
        """Take over the weights of ``plan``, which has the same signature, if their values changed."""
        weights = _weights(plan)
        changed = {
            projection: new
            for projection, new, old in zip(self._projections, weights, self._weights, strict=True)
            if not np.array_equal(new, old)
        }
        if changed:
            self._weights = weights
            self._graph = core.update_network_graph(self._graph, self._graph.network.with_weights(changed))

    def target_values(self) -> dict[str, np.ndarray]:
        """Return the fields of the calibration target that the modules ask for, (512,) or ().

        Neurons that no module uses, and fields that a module does not have, get a value that is asked for elsewhere.

        Raises:
            ParameterError: Populations ask for different bias currents of the synapses, which are one for the chip.
        """
        collected: dict[str, np.ndarray] = {}
        for population, neurons in self._neurons.items():
            for name, value in population.hardware_values().items():
                field = collected.setdefault(name, np.full(512, value.flat[0]))
                field[neurons] = value
        biases = np.unique(collected["synapse_dac_bias"])
        if len(biases) > 1:
            raise ParameterError(
                f"synapse_dac_bias: got {biases.tolist()} in one network, wanted one value for the chip"
            )
        collected["synapse_dac_bias"] = biases[0]
        return collected

    def run(
        self,
        plan: Plan,
        calibration: Calibration,
        runtime: int,
        dt: float,
        known: Mapping[HXModule, HardwareObservables],
    ) -> tuple[dict[HXModule, HardwareObservables], core.ExecutionInfo]:
        """Run once for each batch entry.

        Args:
            plan: Has the signature that was routed.
            calibration: Register codes of the analog cells.
            runtime: Length of the run in steps.
            dt: Step in seconds.
            known: What other instances recorded.

        Returns:
            What was recorded, by module; and what the chip did.
        """
        if self._configured is None or self._configured[0] is not calibration:
            registers = calibration.apply(core.ChipConfiguration())
            self._configured = calibration, registers.replace(enable_threshold=self._fires, enable_leak=self._leaks)
            self._report_failed(calibration)
        cycles, seconds = round(runtime * dt / core.CYCLE), runtime * dt
        spikes = [_spikes(source, runtime, known) for source in plan.sources]
        trains = {
            descriptor: core.SpikeTrains.from_dense(trace.numpy(), dt)
            for descriptor, trace in zip(self._sources, spikes, strict=True)
        }
        batch_size = spikes[0].shape[1] if spikes else 1
        result = core.run(
            self._dropped(self._configured[1]), self._graph, core.NetworkInputs(cycles, batch_size, trains)
        )

        hw_spikes = core.extract_spikes(result, self._graph, cycles)
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

    def _dropped(self, configuration: core.ChipConfiguration) -> core.ChipConfiguration:
        """Return ``configuration`` with the comparators off that belong to neurons which may not spike in this run."""
        fires = self._fires.copy()
        for population, neurons in self._neurons.items():
            mask = population.mask
            if mask is not None:
                fires[neurons] &= mask.cpu().numpy()
        return configuration if np.array_equal(fires, self._fires) else configuration.replace(enable_threshold=fires)

    def _report_failed(self, calibration: Calibration) -> None:
        failed = np.intersect1d(calibration.failed, np.concatenate([*self._neurons.values()]))
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
    infos = []
    for plan in make_plans(experiment.modules):
        chip = chips.get(plan.instance)
        if chip is None or chip.signature != plan.signature():
            chip = chips[plan.instance] = ChipNetwork(plan, experiment)
        else:
            chip.update(plan)
        values = {} if plan.instance.calibration else chip.target_values()
        calibration = plan.instance.calibrate(connection, values)
        observables, info = chip.run(plan, calibration, runtime, experiment.dt, recorded)
        recorded.update(observables)
        infos.append(info)
    return recorded, tuple(infos)


def _place(plan: Plan) -> dict[AnalogNeuron, np.ndarray]:
    """Choose the neuron circuits of all populations and tell these where they are."""
    placement = NeuronPlacement()
    ids: dict[AnalogNeuron, range] = {}
    first = 0
    for population in plan.populations:
        ids[population] = range(first, first + population.size)
        first += population.size
    for population in sorted(plan.populations, key=lambda population: population.placement_constraint is None):
        placement.register_id(ids[population], placement_constraint=population.placement_constraint)
        population.coordinates = tuple(placement.id2logicalneuron(ids[population]))
    return {population: placement.id2circuits(ids[population]) for population in plan.populations}


def _weights(plan: Plan) -> list[np.ndarray]:
    return [wire.projection.hardware_weights() for wire in plan.wires]


def _spikes(source: Source, runtime: int, known: Mapping[HXModule, HardwareObservables]) -> Tensor:
    """Return what a source sends, (time, batch, source), up to the end of the run."""
    if isinstance(source.population, AnalogNeuron):
        recorded = known[source.population].spikes
        if recorded is None:
            raise ParameterError(f"{source.population.label}: another chip needs its spikes; enable_spike_recording")
        spikes = recorded
    else:
        spikes = source.handle.filled()
    spikes = spikes[:runtime].detach().cpu()
    if not bool(((spikes == 0) | (spikes == 1)).all()):
        bad = float(spikes[(spikes != 0) & (spikes != 1)][0])
        raise TensorValueError(f"input spikes: got {bad}, wanted 0 or 1: a chip sends events, not numbers")
    return spikes
