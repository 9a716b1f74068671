"""Path of user scripts; see :mod:`hxtorch.spiking.execution_instance`."""

from hxtorch.spiking.execution_instance import *  # noqa: F403
