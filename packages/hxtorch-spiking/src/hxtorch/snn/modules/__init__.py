"""Path of user scripts; see :mod:`hxtorch.spiking.modules`."""

from hxtorch.spiking.modules import *  # noqa: F403
