"""Path of user scripts; see :mod:`hxtorch.spiking.functional.surrogates.unterjubel`."""

from hxtorch.spiking.functional.surrogates.unterjubel import *  # noqa: F403
