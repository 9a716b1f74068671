"""Path of user scripts; see :mod:`hxtorch.spiking.modules.neurons.iaf`."""

from hxtorch.spiking.modules.neurons.iaf import *  # noqa: F403
