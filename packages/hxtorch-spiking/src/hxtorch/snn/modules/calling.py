"""Path of user scripts; see :mod:`hxtorch.spiking.modules.calling`."""

from hxtorch.spiking.modules.calling import *  # noqa: F403
