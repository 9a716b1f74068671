"""Path of user scripts; see :mod:`hxtorch.spiking.functional.li`."""

from hxtorch.spiking.functional.li import *  # noqa: F403
