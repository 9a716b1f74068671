"""Path of user scripts; see :mod:`hxtorch.spiking.modules.input_neuron`."""

from hxtorch.spiking.modules.input_neuron import *  # noqa: F403
