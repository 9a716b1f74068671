"""Path of user scripts; see :mod:`hxtorch.spiking.functional.input_neuron`."""

from hxtorch.spiking.functional.input_neuron import *  # noqa: F403
