"""Path of user scripts; see :mod:`hxtorch.spiking.functional.recorded`."""

from hxtorch.spiking.functional.recorded import *  # noqa: F403
