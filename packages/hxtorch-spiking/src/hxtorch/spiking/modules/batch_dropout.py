"""Path of user scripts; see :mod:`hxtorch.spiking.modules.layers.dropout`."""

from hxtorch.spiking.modules.layers.dropout import *  # noqa: F403
