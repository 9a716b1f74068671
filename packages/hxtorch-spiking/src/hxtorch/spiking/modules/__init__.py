"""Modules of a spiking network."""

from hxtorch.spiking.modules.batch_dropout import BatchDropout
from hxtorch.spiking.modules.eventprop import EventPropLIF, EventPropSynapse
from hxtorch.spiking.modules.eventprop_exact import ExactEventPropLIF
from hxtorch.spiking.modules.exponential import NeuronExp, ReadoutNeuronExp
from hxtorch.spiking.modules.iaf_neuron import IAFNeuron
from hxtorch.spiking.modules.input_neuron import InputNeuron
from hxtorch.spiking.modules.module import HXModule
from hxtorch.spiking.modules.neuron import Neuron
from hxtorch.spiking.modules.readout_neuron import ReadoutNeuron
from hxtorch.spiking.modules.sparse_synapse import SparseSynapse
from hxtorch.spiking.modules.synapse import Synapse
from hxtorch.spiking.modules.types import Population, Projection

__all__ = [
    "BatchDropout",
    "EventPropLIF",
    "EventPropSynapse",
    "ExactEventPropLIF",
    "HXModule",
    "IAFNeuron",
    "InputNeuron",
    "Neuron",
    "NeuronExp",
    "Population",
    "Projection",
    "ReadoutNeuron",
    "ReadoutNeuronExp",
    "SparseSynapse",
    "Synapse",
]
