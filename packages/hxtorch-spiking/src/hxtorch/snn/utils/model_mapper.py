"""Path of user scripts; see :mod:`hxtorch.spiking.utils.model_mapper`."""

from hxtorch.spiking.utils.model_mapper import *  # noqa: F403
