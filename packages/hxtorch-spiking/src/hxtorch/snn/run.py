"""Path of user scripts; see :mod:`hxtorch.spiking.run`."""

from hxtorch.spiking.run import *  # noqa: F403
