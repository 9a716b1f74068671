"""Path of user scripts; see :mod:`hxtorch.spiking.transforms.weight_transforms`."""

from hxtorch.spiking.transforms.weight_transforms import *  # noqa: F403
