"""Path of user scripts; see :mod:`hxtorch.spiking.utils.dynamic_range`."""

from hxtorch.spiking.utils.dynamic_range import *  # noqa: F403
