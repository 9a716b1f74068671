"""Path of user scripts; see :mod:`hxtorch.spiking.datasets.yinyang`."""

from hxtorch.spiking.datasets.yinyang import *  # noqa: F403
