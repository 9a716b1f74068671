"""Path of user scripts; see :mod:`hxtorch.spiking.utils.calib_helper`."""

from hxtorch.spiking.utils.calib_helper import *  # noqa: F403
