"""Path of user scripts; see :mod:`hxtorch.spiking.chip.execution_info`."""

from hxtorch.spiking.chip.execution_info import *  # noqa: F403
