"""Path of user scripts; see :mod:`hxtorch.spiking.functional.lif`."""

from hxtorch.spiking.functional.lif import *  # noqa: F403
