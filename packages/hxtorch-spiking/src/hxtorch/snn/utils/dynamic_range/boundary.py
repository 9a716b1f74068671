"""Path of user scripts; see :mod:`hxtorch.spiking.utils.dynamic_range.boundary`."""

from hxtorch.spiking.utils.dynamic_range.boundary import *  # noqa: F403
