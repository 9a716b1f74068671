"""Path of user scripts; see :mod:`hxtorch.spiking.functional.steps.refractory`."""

from hxtorch.spiking.functional.steps.refractory import *  # noqa: F403
