"""Path of user scripts; see :mod:`hxtorch.spiking.errors`."""

from hxtorch.spiking.errors import *  # noqa: F403
