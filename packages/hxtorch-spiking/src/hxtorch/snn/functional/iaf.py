"""Path of user scripts; see :mod:`hxtorch.spiking.functional.iaf`."""

from hxtorch.spiking.functional.iaf import *  # noqa: F403
