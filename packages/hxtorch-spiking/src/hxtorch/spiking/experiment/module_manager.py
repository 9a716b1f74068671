"""The module graph of an experiment, which knows the populations of this package."""

from __future__ import annotations

from hxtorch.spiking.modules.input_neuron import InputNeuron
from hxtorch.spiking.modules.neuron import Neuron
from hxtorch.spiking.modules.readout_neuron import ReadoutNeuron
from hxtorch.spiking.modules.types import Population
from hxtorch.spiking.network.calls import BaseModuleManager, Step
from hxtorch.spiking.network.graph import ModuleGraph

__all__ = ["BaseModuleManager", "ModuleManager", "Step"]


class ModuleManager(ModuleGraph):
    """Calls of modules, see :class:`~hxtorch.spiking.network.graph.ModuleGraph`.

    Attributes:
        input_type: Sources of spikes.
        population_types: Modules at which a search for populations ends.
    """

    input_type = InputNeuron
    population_types = (InputNeuron, Neuron, ReadoutNeuron, Population)
