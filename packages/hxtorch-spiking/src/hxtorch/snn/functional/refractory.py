"""Path of user scripts; see :mod:`hxtorch.spiking.functional.refractory`."""

from hxtorch.spiking.functional.refractory import *  # noqa: F403
