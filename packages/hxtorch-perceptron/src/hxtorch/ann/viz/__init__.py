"""Path of user scripts; see :mod:`hxtorch.perceptron.viz`."""

from hxtorch.perceptron.viz import *  # noqa: F403
