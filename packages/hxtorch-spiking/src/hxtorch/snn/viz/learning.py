"""Path of user scripts; see :mod:`hxtorch.spiking.viz.learning`."""

from hxtorch.spiking.viz.learning import *  # noqa: F403
