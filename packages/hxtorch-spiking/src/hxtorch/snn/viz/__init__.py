"""Path of user scripts; see :mod:`hxtorch.spiking.viz`."""

from hxtorch.spiking.viz import *  # noqa: F403
