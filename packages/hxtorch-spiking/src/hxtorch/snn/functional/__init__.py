"""Path of user scripts; see :mod:`hxtorch.spiking.functional`."""

from hxtorch.spiking.functional import *  # noqa: F403
