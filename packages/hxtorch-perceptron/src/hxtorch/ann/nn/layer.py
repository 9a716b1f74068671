"""Path of user scripts; see :mod:`hxtorch.perceptron.nn.layer`."""

from hxtorch.perceptron.nn.layer import *  # noqa: F403
