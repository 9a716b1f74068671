"""Path of user scripts; see :mod:`hxtorch.spiking.modules.sparse_synapse`."""

from hxtorch.spiking.modules.sparse_synapse import *  # noqa: F403
