"""Path of user scripts; see :mod:`hxtorch.perceptron.nn.mac_layer`."""

from hxtorch.perceptron.nn.mac_layer import *  # noqa: F403
