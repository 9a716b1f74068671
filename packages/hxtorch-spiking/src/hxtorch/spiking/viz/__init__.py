"""Pictures of spiking networks: what neurons do, what synapses hold, how training goes.

Functions take handles, modules or plain tensors, and axes to draw on or None for a new figure, and return the axes.
They need matplotlib, the extra ``viz``. Pictures of the chip are in ``hxtorch.core.viz``.
"""

from hxtorch.core.viz import COLOURS
from hxtorch.spiking.viz.learning import decision_map, training
from hxtorch.spiking.viz.membranes import traces
from hxtorch.spiking.viz.spikes import raster
from hxtorch.spiking.viz.synapses import weights_on_chip

__all__ = ["COLOURS", "decision_map", "raster", "traces", "training", "weights_on_chip"]


def __dir__() -> list[str]:
    return sorted(__all__)
