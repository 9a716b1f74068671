"""Path of user scripts; see :mod:`hxtorch.perceptron`."""

from hxtorch.perceptron import *  # noqa: F403
