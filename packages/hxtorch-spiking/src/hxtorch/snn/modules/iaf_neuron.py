"""Path of user scripts; see :mod:`hxtorch.spiking.modules.iaf_neuron`."""

from hxtorch.spiking.modules.iaf_neuron import *  # noqa: F403
