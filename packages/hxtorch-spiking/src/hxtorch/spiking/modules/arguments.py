"""Path of user scripts; see :mod:`hxtorch.spiking.modules.neurons.arguments`."""

from hxtorch.spiking.modules.neurons.arguments import *  # noqa: F403
