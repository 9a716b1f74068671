"""Path of user scripts; see :mod:`hxtorch.spiking.modules.settings`."""

from hxtorch.spiking.modules.settings import *  # noqa: F403
