"""Path of user scripts; see :mod:`hxtorch.spiking.transforms.encode`."""

from hxtorch.spiking.transforms.encode import *  # noqa: F403
