"""Path of user scripts; see :mod:`hxtorch.perceptron.viz.classes`."""

from hxtorch.perceptron.viz.classes import *  # noqa: F403
