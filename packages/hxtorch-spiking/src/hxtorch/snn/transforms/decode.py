"""Path of user scripts; see :mod:`hxtorch.spiking.transforms.decode`."""

from hxtorch.spiking.transforms.decode import *  # noqa: F403
