"""Path of user scripts; see :mod:`hxtorch.spiking.utils.dynamic_range.helper`."""

from hxtorch.spiking.utils.dynamic_range.helper import *  # noqa: F403
