"""Path of user scripts; see :mod:`hxtorch.spiking.functional.aelif`."""

from hxtorch.spiking.functional.aelif import *  # noqa: F403
