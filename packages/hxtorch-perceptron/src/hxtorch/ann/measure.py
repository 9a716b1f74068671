"""Path of user scripts; see :mod:`hxtorch.perceptron.measure`."""

from hxtorch.perceptron.measure import *  # noqa: F403
