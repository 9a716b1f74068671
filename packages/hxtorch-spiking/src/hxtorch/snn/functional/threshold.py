"""Path of user scripts; see :mod:`hxtorch.spiking.functional.threshold`."""

from hxtorch.spiking.functional.threshold import *  # noqa: F403
