"""Path of user scripts; see :mod:`hxtorch.spiking.modules.base`."""

from hxtorch.spiking.modules.base import *  # noqa: F403
