"""Path of user scripts; see :mod:`hxtorch.perceptron.nn.convolution`."""

from hxtorch.perceptron.nn.convolution import *  # noqa: F403
