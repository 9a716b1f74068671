"""Path of user scripts; see :mod:`hxtorch.spiking.network.observables`."""

from hxtorch.spiking.network.observables import *  # noqa: F403
