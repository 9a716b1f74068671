"""Path of user scripts; see :mod:`hxtorch.spiking.functional.models.li`."""

from hxtorch.spiking.functional.models.li import *  # noqa: F403
