"""Path of user scripts; see :mod:`hxtorch.spiking.modules.synapses.sparse`."""

from hxtorch.spiking.modules.synapses.sparse import *  # noqa: F403
