"""Path of user scripts; see :mod:`hxtorch.spiking.nir.data`."""

from hxtorch.spiking.nir.data import *  # noqa: F403
