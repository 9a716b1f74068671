"""Path of user scripts; see :mod:`hxtorch.spiking.modules.neurons.source`."""

from hxtorch.spiking.modules.neurons.source import *  # noqa: F403
