"""Path of user scripts; see :mod:`hxtorch.spiking.modules.neurons.li`."""

from hxtorch.spiking.modules.neurons.li import *  # noqa: F403
