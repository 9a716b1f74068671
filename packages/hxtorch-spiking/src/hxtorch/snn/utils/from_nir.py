"""Path of user scripts; see :mod:`hxtorch.spiking.utils.from_nir`."""

from hxtorch.spiking.utils.from_nir import *  # noqa: F403
