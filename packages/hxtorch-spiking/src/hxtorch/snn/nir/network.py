"""Path of user scripts; see :mod:`hxtorch.spiking.nir.network`."""

from hxtorch.spiking.nir.network import *  # noqa: F403
