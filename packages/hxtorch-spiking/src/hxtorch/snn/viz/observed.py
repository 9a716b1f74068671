"""Path of user scripts; see :mod:`hxtorch.spiking.viz.observed`."""

from hxtorch.spiking.viz.observed import *  # noqa: F403
