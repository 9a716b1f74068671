"""Path of user scripts; see :mod:`hxtorch.spiking.nir.conventions`."""

from hxtorch.spiking.nir.conventions import *  # noqa: F403
