"""Path of user scripts; see :mod:`hxtorch.perceptron.nn`."""

from hxtorch.perceptron.nn import *  # noqa: F403
