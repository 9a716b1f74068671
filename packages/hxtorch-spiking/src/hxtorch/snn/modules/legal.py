"""Path of user scripts; see :mod:`hxtorch.spiking.modules.legal`."""

from hxtorch.spiking.modules.legal import *  # noqa: F403
