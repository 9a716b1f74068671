"""Path of user scripts; see :mod:`hxtorch.spiking.functional.synapses`."""

from hxtorch.spiking.functional.synapses.exponential_clamp import *  # noqa: F403
from hxtorch.spiking.functional.synapses.linear import *  # noqa: F403
from hxtorch.spiking.functional.synapses.sparse import *  # noqa: F403
