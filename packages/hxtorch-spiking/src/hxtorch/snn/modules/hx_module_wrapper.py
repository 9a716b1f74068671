"""Path of user scripts; see :mod:`hxtorch.spiking.modules.hx_module_wrapper`."""

from hxtorch.spiking.modules.hx_module_wrapper import *  # noqa: F403
