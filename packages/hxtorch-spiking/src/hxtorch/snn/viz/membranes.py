"""Path of user scripts; see :mod:`hxtorch.spiking.viz.membranes`."""

from hxtorch.spiking.viz.membranes import *  # noqa: F403
