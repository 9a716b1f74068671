"""Path of user scripts; see :mod:`hxtorch.perceptron.nn.activation`."""

from hxtorch.perceptron.nn.activation import *  # noqa: F403
