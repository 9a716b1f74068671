"""Path of user scripts; see :mod:`hxtorch.spiking.nir`."""

from hxtorch.spiking.nir import *  # noqa: F403
