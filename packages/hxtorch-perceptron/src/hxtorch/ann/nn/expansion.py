"""Path of user scripts; see :mod:`hxtorch.perceptron.nn.expansion`."""

from hxtorch.perceptron.nn.expansion import *  # noqa: F403
