"""Path of user scripts; see :mod:`hxtorch.spiking.datasets.events`."""

from hxtorch.spiking.datasets.events import *  # noqa: F403
