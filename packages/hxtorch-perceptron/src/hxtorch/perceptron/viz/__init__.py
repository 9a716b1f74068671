"""Pictures of analog products and of what classifiers make of them.

Functions take results, and axes to draw on or None for a new figure, and return the axes. They need matplotlib, the
extra ``viz``. Pictures of the chip are in ``hxtorch.core.viz``.
"""

from hxtorch.core.viz import COLOURS
from hxtorch.perceptron.viz.classes import confusion
from hxtorch.perceptron.viz.linearity import mac_linearity

__all__ = ["COLOURS", "confusion", "mac_linearity"]


def __dir__() -> list[str]:
    return sorted(__all__)
