"""Path of user scripts; see :mod:`hxtorch.spiking.parameter`."""

from hxtorch.spiking.parameter import *  # noqa: F403
