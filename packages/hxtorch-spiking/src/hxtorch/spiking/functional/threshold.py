"""Path of user scripts; see :mod:`hxtorch.spiking.functional.surrogates.threshold`."""

from hxtorch.spiking.functional.surrogates.threshold import *  # noqa: F403
