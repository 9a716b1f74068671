"""Path of user scripts; see :mod:`hxtorch.spiking.utils`."""

from hxtorch.spiking.utils import *  # noqa: F403
