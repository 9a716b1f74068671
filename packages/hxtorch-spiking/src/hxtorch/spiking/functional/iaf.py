"""Path of user scripts; see :mod:`hxtorch.spiking.functional.models.iaf`."""

from hxtorch.spiking.functional.models.functions import IAF as IAF
from hxtorch.spiking.functional.models.iaf import *  # noqa: F403
