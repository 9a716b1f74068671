"""Path of user scripts; see :mod:`hxtorch.spiking.nir.exporting`."""

from hxtorch.spiking.nir.exporting import *  # noqa: F403
