"""Path of user scripts; see :mod:`hxtorch.perceptron.nn.linear`."""

from hxtorch.perceptron.nn.linear import *  # noqa: F403
