"""Path of user scripts; see :mod:`hxtorch.perceptron.viz.given`."""

from hxtorch.perceptron.viz.given import *  # noqa: F403
