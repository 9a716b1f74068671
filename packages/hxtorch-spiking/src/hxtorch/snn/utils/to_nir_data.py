"""Path of user scripts; see :mod:`hxtorch.spiking.utils.to_nir_data`."""

from hxtorch.spiking.utils.to_nir_data import *  # noqa: F403
