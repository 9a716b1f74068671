"""Path of user scripts; see :mod:`hxtorch.spiking.nir.importing`."""

from hxtorch.spiking.nir.importing import *  # noqa: F403
