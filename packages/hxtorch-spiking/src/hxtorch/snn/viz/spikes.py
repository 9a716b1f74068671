"""Path of user scripts; see :mod:`hxtorch.spiking.viz.spikes`."""

from hxtorch.spiking.viz.spikes import *  # noqa: F403
