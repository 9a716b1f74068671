"""Path of user scripts; see :mod:`hxtorch.spiking.modules.readout_neuron`."""

from hxtorch.spiking.modules.readout_neuron import *  # noqa: F403
