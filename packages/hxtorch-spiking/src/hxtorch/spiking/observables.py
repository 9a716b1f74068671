"""Path of user scripts; see :mod:`hxtorch.spiking.network.observables` and :mod:`hxtorch.spiking.chip.recording`."""

from hxtorch.spiking.chip.recording import HardwareObservablesExtractor as HardwareObservablesExtractor
from hxtorch.spiking.network.observables import *  # noqa: F403
