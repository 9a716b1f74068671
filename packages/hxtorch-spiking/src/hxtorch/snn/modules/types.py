"""Path of user scripts; see :mod:`hxtorch.spiking.modules.types`."""

from hxtorch.spiking.modules.types import *  # noqa: F403
