"""Path of user scripts; see :mod:`hxtorch.spiking.functional.linear`."""

from hxtorch.spiking.functional.synapses.linear import *  # noqa: F403
