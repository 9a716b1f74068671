"""Path of user scripts; see :mod:`hxtorch.spiking.functional.surrogates.superspike`."""

from hxtorch.spiking.functional.surrogates.superspike import *  # noqa: F403
