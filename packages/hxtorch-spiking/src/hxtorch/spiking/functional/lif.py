"""Path of user scripts; see :mod:`hxtorch.spiking.functional.models.lif`."""

from hxtorch.spiking.functional.models.exponential_euler import exp_cuba_lif_integration as exp_cuba_lif_integration
from hxtorch.spiking.functional.models.functions import LIF as LIF
from hxtorch.spiking.functional.models.lif import *  # noqa: F403
