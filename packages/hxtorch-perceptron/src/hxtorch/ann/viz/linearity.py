"""Path of user scripts; see :mod:`hxtorch.perceptron.viz.linearity`."""

from hxtorch.perceptron.viz.linearity import *  # noqa: F403
