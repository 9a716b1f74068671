"""Path of user scripts; see :mod:`hxtorch.spiking.modules.neurons.lif`."""

from hxtorch.spiking.modules.neurons.lif import *  # noqa: F403
