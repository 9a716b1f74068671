"""Path of user scripts; see :mod:`hxtorch.spiking.utils.connection`."""

from hxtorch.spiking.utils.connection import *  # noqa: F403
