"""Path of user scripts; see :mod:`hxtorch.spiking.viz.tutorial`."""

from hxtorch.spiking.viz.tutorial import *  # noqa: F403
