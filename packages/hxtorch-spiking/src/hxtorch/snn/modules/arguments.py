"""Path of user scripts; see :mod:`hxtorch.spiking.modules.arguments`."""

from hxtorch.spiking.modules.arguments import *  # noqa: F403
