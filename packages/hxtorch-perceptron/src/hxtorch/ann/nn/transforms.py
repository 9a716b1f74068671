"""Path of user scripts; see :mod:`hxtorch.perceptron.nn.transforms`."""

from hxtorch.perceptron.nn.transforms import *  # noqa: F403
