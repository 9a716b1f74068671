"""Path of user scripts; see :mod:`hxtorch.spiking.nir.snn`."""

from hxtorch.spiking.nir.snn import *  # noqa: F403
