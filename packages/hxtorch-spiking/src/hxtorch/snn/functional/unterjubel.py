"""Path of user scripts; see :mod:`hxtorch.spiking.functional.unterjubel`."""

from hxtorch.spiking.functional.unterjubel import *  # noqa: F403
