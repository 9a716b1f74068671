"""Path of user scripts; see :mod:`hxtorch.spiking.experiment.module_manager`."""

from hxtorch.spiking.experiment.module_manager import *  # noqa: F403
