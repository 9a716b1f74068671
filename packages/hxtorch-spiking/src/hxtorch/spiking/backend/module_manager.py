"""Path of user scripts; see :mod:`hxtorch.spiking.network.graph`."""

from hxtorch.spiking.network.graph import *  # noqa: F403
