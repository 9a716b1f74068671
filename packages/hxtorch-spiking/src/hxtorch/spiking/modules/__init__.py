"""Modules of a spiking network."""

from hxtorch.spiking.modules.aelif import AELIF
from hxtorch.spiking.modules.base import HXBaseExperimentModule
from hxtorch.spiking.modules.batch_dropout import BatchDropout
from hxtorch.spiking.modules.hx_module import HXFunctionalModule, HXModule
from hxtorch.spiking.modules.hx_module_wrapper import HXModuleWrapper
from hxtorch.spiking.modules.iaf_neuron import IAFNeuron
from hxtorch.spiking.modules.input_neuron import InputNeuron
from hxtorch.spiking.modules.layers.eventprop import EventPropLIF, EventPropSynapse
from hxtorch.spiking.modules.layers.eventprop_exact import ExactEventPropLIF
from hxtorch.spiking.modules.layers.recurrent import Recurrent
from hxtorch.spiking.modules.layers.recurrent_network import RecurrentNetwork
from hxtorch.spiking.modules.neuron import LI, LIF, Neuron
from hxtorch.spiking.modules.neurons.exponential import NeuronExp, ReadoutNeuronExp
from hxtorch.spiking.modules.readout_neuron import ReadoutNeuron
from hxtorch.spiking.modules.sparse_synapse import SparseSynapse
from hxtorch.spiking.modules.synapse import Synapse
from hxtorch.spiking.modules.types import InputPopulation, Population, Projection

__all__ = [
    "AELIF",
    "LI",
    "LIF",
    "BatchDropout",
    "EventPropLIF",
    "EventPropSynapse",
    "ExactEventPropLIF",
    "HXBaseExperimentModule",
    "HXFunctionalModule",
    "HXModule",
    "HXModuleWrapper",
    "IAFNeuron",
    "InputNeuron",
    "InputPopulation",
    "Neuron",
    "NeuronExp",
    "Population",
    "Projection",
    "ReadoutNeuron",
    "ReadoutNeuronExp",
    "Recurrent",
    "RecurrentNetwork",
    "SparseSynapse",
    "Synapse",
]


def __dir__() -> list[str]:
    return sorted(__all__)
