"""Path of user scripts; see :mod:`hxtorch.spiking.chip.execution_instance`."""

from hxtorch.spiking.chip.execution_instance import *  # noqa: F403
