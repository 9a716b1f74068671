"""Path of user scripts; see :mod:`hxtorch.spiking.modules.neurons`."""

from hxtorch.spiking.modules.layers.eventprop import EventPropLIF as EventPropLIF
from hxtorch.spiking.modules.neurons.aelif import AELIF as AELIF
from hxtorch.spiking.modules.neurons.exponential import NeuronExp as NeuronExp
from hxtorch.spiking.modules.neurons.exponential import ReadoutNeuronExp as ReadoutNeuronExp
from hxtorch.spiking.modules.neurons.iaf import IAFNeuron as IAFNeuron
from hxtorch.spiking.modules.neurons.li import LI as LI
from hxtorch.spiking.modules.neurons.li import ReadoutNeuron as ReadoutNeuron
from hxtorch.spiking.modules.neurons.lif import LIF as LIF
from hxtorch.spiking.modules.neurons.lif import Neuron as Neuron
