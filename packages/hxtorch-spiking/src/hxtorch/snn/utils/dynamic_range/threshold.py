"""Path of user scripts; see :mod:`hxtorch.spiking.utils.dynamic_range.threshold`."""

from hxtorch.spiking.utils.dynamic_range.threshold import *  # noqa: F403
