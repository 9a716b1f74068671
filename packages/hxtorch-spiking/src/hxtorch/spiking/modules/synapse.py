"""Path of user scripts; see :mod:`hxtorch.spiking.modules.synapses.dense`."""

from hxtorch.spiking.modules.layers.eventprop import EventPropSynapse as EventPropSynapse
from hxtorch.spiking.modules.synapses.dense import *  # noqa: F403
