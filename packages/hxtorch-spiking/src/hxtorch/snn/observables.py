"""Path of user scripts; see :mod:`hxtorch.spiking.observables`."""

from hxtorch.spiking.observables import *  # noqa: F403
