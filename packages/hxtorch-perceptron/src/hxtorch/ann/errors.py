"""Path of user scripts; see :mod:`hxtorch.perceptron.errors`."""

from hxtorch.perceptron.errors import *  # noqa: F403
