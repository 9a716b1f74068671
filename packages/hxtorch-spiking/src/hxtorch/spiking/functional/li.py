"""Path of user scripts; see :mod:`hxtorch.spiking.functional.models.li`."""

from hxtorch.spiking.functional.models.exponential_euler import exp_cuba_li_integration as exp_cuba_li_integration
from hxtorch.spiking.functional.models.functions import LI as LI
from hxtorch.spiking.functional.models.li import *  # noqa: F403
