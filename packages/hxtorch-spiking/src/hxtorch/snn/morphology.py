"""Path of user scripts; see :mod:`hxtorch.spiking.morphology`."""

from hxtorch.spiking.morphology import *  # noqa: F403
