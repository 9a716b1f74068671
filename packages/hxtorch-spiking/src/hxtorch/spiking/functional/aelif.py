"""Path of user scripts; see :mod:`hxtorch.spiking.functional.models.aelif`."""

from hxtorch.spiking.functional.models.aelif import *  # noqa: F403
