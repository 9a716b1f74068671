"""Path of user scripts; see :mod:`hxtorch.spiking.experiment.running`."""

from hxtorch.spiking.experiment.running import *  # noqa: F403
