"""Path of user scripts; see :mod:`hxtorch.spiking.network.handle`."""

from hxtorch.spiking.network.handle import *  # noqa: F403
