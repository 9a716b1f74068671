"""Path of user scripts; see :mod:`hxtorch.spiking.handle`."""

from hxtorch.spiking.handle import *  # noqa: F403
