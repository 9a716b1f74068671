"""Path of user scripts; see :mod:`hxtorch.spiking.viz.synapses`."""

from hxtorch.spiking.viz.synapses import *  # noqa: F403
