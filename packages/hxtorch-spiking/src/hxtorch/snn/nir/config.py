"""Path of user scripts; see :mod:`hxtorch.spiking.nir.config`."""

from hxtorch.spiking.nir.config import *  # noqa: F403
