"""Path of user scripts; see :mod:`hxtorch.spiking.functional.operands`."""

from hxtorch.spiking.functional.operands import *  # noqa: F403
