"""Pictures of a chip: what a calibration reaches, what a network takes.

Functions take results, and axes to draw on or None for a new figure, and return the axes. They need matplotlib, the
extra ``viz``. Pictures of spiking networks are in ``hxtorch.spiking.viz``, those of products in
``hxtorch.perceptron.viz``.
"""

from hxtorch.core.viz.chip import occupation
from hxtorch.core.viz.neurons import calibration
from hxtorch.core.viz.style import COLOURS, on_axes

__all__ = ["COLOURS", "calibration", "occupation", "on_axes"]


def __dir__() -> list[str]:
    return sorted(__all__)
