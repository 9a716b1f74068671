"""Path of user scripts; see :mod:`hxtorch.perceptron.tracer`."""

from hxtorch.perceptron.tracer import *  # noqa: F403
