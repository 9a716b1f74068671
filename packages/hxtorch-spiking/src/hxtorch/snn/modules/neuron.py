"""Path of user scripts; see :mod:`hxtorch.spiking.modules.neuron`."""

from hxtorch.spiking.modules.neuron import *  # noqa: F403
