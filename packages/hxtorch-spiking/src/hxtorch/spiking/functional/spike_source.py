"""Path of user scripts; see :mod:`hxtorch.spiking.functional.models.input_neuron`."""

from hxtorch.spiking.functional.models.input_neuron import *  # noqa: F403
