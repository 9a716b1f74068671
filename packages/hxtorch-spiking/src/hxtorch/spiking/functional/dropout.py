"""Path of user scripts; see :mod:`hxtorch.spiking.functional.synapses.dropout`."""

from hxtorch.spiking.functional.synapses.dropout import *  # noqa: F403
