"""Path of user scripts; see :mod:`hxtorch.spiking.transforms`."""

from hxtorch.spiking.transforms import *  # noqa: F403
