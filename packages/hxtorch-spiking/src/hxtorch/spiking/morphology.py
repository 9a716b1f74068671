"""Path of user scripts; see :mod:`hxtorch.spiking.chip.morphology`."""

from hxtorch.spiking.chip.morphology import *  # noqa: F403
