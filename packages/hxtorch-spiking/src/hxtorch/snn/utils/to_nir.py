"""Path of user scripts; see :mod:`hxtorch.spiking.utils.to_nir`."""

from hxtorch.spiking.utils.to_nir import *  # noqa: F403
