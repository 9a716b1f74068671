"""Path of user scripts; see :mod:`hxtorch.spiking.nir.library`."""

from hxtorch.spiking.nir.library import *  # noqa: F403
