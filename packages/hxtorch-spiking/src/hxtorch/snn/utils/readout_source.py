"""Path of user scripts; see :mod:`hxtorch.spiking.utils.readout_source`."""

from hxtorch.spiking.utils.readout_source import *  # noqa: F403
