"""Path of user scripts; see :mod:`hxtorch.spiking.nir.neurons`."""

from hxtorch.spiking.nir.neurons import *  # noqa: F403
