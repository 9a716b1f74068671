"""Modules of a spiking network."""

from hxtorch.spiking.modules.input_neuron import InputNeuron
from hxtorch.spiking.modules.module import HXModule
from hxtorch.spiking.modules.neuron import Neuron
from hxtorch.spiking.modules.readout_neuron import ReadoutNeuron
from hxtorch.spiking.modules.synapse import Synapse
from hxtorch.spiking.modules.types import Population, Projection

__all__ = ["HXModule", "InputNeuron", "Neuron", "Population", "Projection", "ReadoutNeuron", "Synapse"]
