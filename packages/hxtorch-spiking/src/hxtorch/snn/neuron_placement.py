"""Path of user scripts; see :mod:`hxtorch.spiking.neuron_placement`."""

from hxtorch.spiking.neuron_placement import *  # noqa: F403
