"""Path of user scripts; see :mod:`hxtorch.spiking`."""

from hxtorch.spiking import *  # noqa: F403
from hxtorch.spiking import modules as modules
from hxtorch.spiking import nir as nir
from hxtorch.spiking import parameter as parameter
from hxtorch.spiking import utils as utils
