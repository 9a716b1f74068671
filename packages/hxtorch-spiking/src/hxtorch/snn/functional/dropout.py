"""Path of user scripts; see :mod:`hxtorch.spiking.functional.dropout`."""

from hxtorch.spiking.functional.dropout import *  # noqa: F403
