"""Path of user scripts; see :mod:`hxtorch.spiking.modules.aelif`."""

from hxtorch.spiking.modules.aelif import *  # noqa: F403
