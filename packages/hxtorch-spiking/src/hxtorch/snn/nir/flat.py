"""Path of user scripts; see :mod:`hxtorch.spiking.nir.flat`."""

from hxtorch.spiking.nir.flat import *  # noqa: F403
