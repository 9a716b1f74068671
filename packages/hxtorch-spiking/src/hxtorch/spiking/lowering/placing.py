"""Places on the chip for populations, and what is recorded of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from hxtorch import core
from hxtorch.core import HALF, NeuronPlacement
from hxtorch.core.errors import PlacementError, RecordingError
from hxtorch.spiking.modules.neurons.analog import AnalogNeuron

if TYPE_CHECKING:
    from hxtorch.spiking.experiment.experiment import Experiment


def place(populations: list[AnalogNeuron], experiment: Experiment) -> dict[AnalogNeuron, np.ndarray]:
    """Choose places on the chip and tell the populations.

    Populations with constraints come first, the others in their order; if not all find a place so, those of neurons
    with more circuits, which have to lie together, before the others.

    Returns:
        The circuits of the neurons of each population, int64 (neuron, circuit).

    Raises:
        PlacementError: They do not fit.
    """
    ids: dict[AnalogNeuron, range] = {}
    first = 0
    for population in populations:
        ids[population] = range(first, first + population.size)
        first += population.size
    experiment.id_counter = first
    order = sorted(populations, key=lambda population: population.placement_constraint is None)
    try:
        placement = _placed(order, ids)
    except PlacementError:
        shapes = {population: population.neuron_structure.logical_neuron for population in order}
        size = {one: len(core.LogicalNeuronOnDLS(shape).get_atomic_neurons()) for one, shape in shapes.items()}
        larger = sorted(order, key=lambda one: (one.placement_constraint is None, -size[one]))
        if larger == order:
            raise
        placement = _placed(larger, ids)
    experiment.neuron_placement = placement
    for population in populations:
        population.unit_ids = np.array(ids[population])
        population.coordinates = tuple(placement.id2logicalneuron(ids[population]))
    return {population: population.circuits() for population in populations}


def _placed(order: list[AnalogNeuron], ids: Mapping[AnalogNeuron, range]) -> NeuronPlacement:
    placement = NeuronPlacement()
    for population in order:
        shape = population.neuron_structure.logical_neuron
        try:
            placement.register_id(ids[population], shape, population.placement_constraint)
        except PlacementError as error:
            raise PlacementError(f"{population.label}: {error}{_advice(population)}") from error
    return placement


def _advice(population: AnalogNeuron) -> str:
    if population.placement_constraint is not None:
        return ""
    shape = core.LogicalNeuronOnDLS(population.neuron_structure.logical_neuron)
    chips = -(-population.size * len(shape.get_atomic_neurons()) // (4 * HALF))  # two halves in both rows
    if chips > 1:
        return f"; cut the layer into {chips} or more, each on an execution instance of its own"
    return "; run it and the layers behind it on another execution instance"


def recording_of(populations: list[AnalogNeuron]) -> core.CADCRecording | None:
    """Return how the column ADC records, or None if no population wants it.

    Raises:
        RecordingError: Some want their samples in DRAM and some in SRAM, or two want the membrane ADC.
    """
    wanted = {p.enable_cadc_recording_placement_in_dram: p for p in populations if p.enable_cadc_recording}
    if len(wanted) > 1:
        raise RecordingError(
            f"enable_cadc_recording_placement_in_dram: got True for {wanted[True].label} and False for "
            f"{wanted[False].label}, wanted one for all populations of an execution instance"
        )
    shown = [population for population in populations if population.madc_index is not None]
    if len(shown) > 1:
        labels = " and ".join(population.label for population in shown)
        raise RecordingError(f"enable_madc_recording: got {labels}, wanted one neuron of one execution instance")
    return core.CADCRecording(in_dram=next(iter(wanted))) if wanted else None
