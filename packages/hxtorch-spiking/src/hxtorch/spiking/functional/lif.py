"""Path of user scripts; see :mod:`hxtorch.spiking.functional.models.lif`."""

from hxtorch.spiking.functional.models.lif import *  # noqa: F403
