"""Path of user scripts; see :mod:`hxtorch.spiking.nir.background`."""

from hxtorch.spiking.nir.background import *  # noqa: F403
