"""Path of user scripts; see :mod:`hxtorch.spiking.modules.neurons.aelif`."""

from hxtorch.spiking.modules.neurons.aelif import *  # noqa: F403
