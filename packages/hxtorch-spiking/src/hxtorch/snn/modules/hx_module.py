"""Path of user scripts; see :mod:`hxtorch.spiking.modules.hx_module`."""

from hxtorch.spiking.modules.hx_module import *  # noqa: F403
