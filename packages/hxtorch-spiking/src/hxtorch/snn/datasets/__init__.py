"""Path of user scripts; see :mod:`hxtorch.spiking.datasets`."""

from hxtorch.spiking.datasets import *  # noqa: F403
