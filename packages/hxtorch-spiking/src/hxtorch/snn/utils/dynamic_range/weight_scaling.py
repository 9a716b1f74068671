"""Path of user scripts; see :mod:`hxtorch.spiking.utils.dynamic_range.weight_scaling`."""

from hxtorch.spiking.utils.dynamic_range.weight_scaling import *  # noqa: F403
