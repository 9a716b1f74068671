"""Path of user scripts; see :mod:`hxtorch.spiking.nir.levels`."""

from hxtorch.spiking.nir.levels import *  # noqa: F403
