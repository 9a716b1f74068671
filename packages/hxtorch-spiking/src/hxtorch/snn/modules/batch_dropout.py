"""Path of user scripts; see :mod:`hxtorch.spiking.modules.batch_dropout`."""

from hxtorch.spiking.modules.batch_dropout import *  # noqa: F403
