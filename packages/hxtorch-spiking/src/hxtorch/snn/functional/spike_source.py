"""Path of user scripts; see :mod:`hxtorch.spiking.functional.spike_source`."""

from hxtorch.spiking.functional.spike_source import *  # noqa: F403
