"""Path of user scripts; see :mod:`hxtorch.spiking.functional.products`."""

from hxtorch.spiking.functional.products import *  # noqa: F403
