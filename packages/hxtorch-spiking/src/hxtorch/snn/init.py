"""Path of user scripts; see :mod:`hxtorch.spiking.init`."""

from hxtorch.spiking.init import *  # noqa: F403
