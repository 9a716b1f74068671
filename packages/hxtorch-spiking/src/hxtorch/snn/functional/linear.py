"""Path of user scripts; see :mod:`hxtorch.spiking.functional.linear`."""

from hxtorch.spiking.functional.linear import *  # noqa: F403
