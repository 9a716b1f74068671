"""Path of user scripts; see :mod:`hxtorch.spiking.network.readout_source`."""

from hxtorch.spiking.network.readout_source import *  # noqa: F403
