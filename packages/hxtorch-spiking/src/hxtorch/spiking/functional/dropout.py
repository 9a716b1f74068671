"""Path of user scripts; see :mod:`hxtorch.spiking.functional.steps.dropout`."""

from hxtorch.spiking.functional.steps.dropout import *  # noqa: F403
