"""Path of user scripts; see :mod:`hxtorch.core.products.compute`."""

from hxtorch.core.products.compute import *  # noqa: F403
