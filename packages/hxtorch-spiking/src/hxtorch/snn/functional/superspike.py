"""Path of user scripts; see :mod:`hxtorch.spiking.functional.superspike`."""

from hxtorch.spiking.functional.superspike import *  # noqa: F403
