"""Path of user scripts; see :mod:`hxtorch.spiking.modules.synapse`."""

from hxtorch.spiking.modules.synapse import *  # noqa: F403
