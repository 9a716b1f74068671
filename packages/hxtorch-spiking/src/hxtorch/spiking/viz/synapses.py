"""What synapses hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hxtorch.core.errors import PictureError
from hxtorch.core.viz import on_axes
from hxtorch.spiking.modules.synapses.lsb import MAX_WEIGHT
from hxtorch.spiking.modules.types import Projection

if TYPE_CHECKING:
    from matplotlib.axes import Axes  # an extra of the package


def weights_on_chip(synapse: Projection, *, axes: Axes | None = None) -> Axes:
    """Draw a layer's weights as the chip holds them, -63 to 63 LSB: transformed, rounded and clipped.

    Args:
        synapse: A ``Synapse`` or ``SparseSynapse``.
        axes: What to draw on, or None for a new figure.

    Returns:
        The axes: sources across, targets down.

    Raises:
        ImportError: matplotlib is not installed.
        PictureError: ``synapse`` is something else.
        OperandRangeError: A transformed weight exceeds the range.
    """
    if not isinstance(synapse, Projection):
        raise PictureError(f"synapse: got {type(synapse).__name__}, wanted a Synapse or SparseSynapse")
    weights = synapse.hardware_weights()
    drawn = on_axes(axes, (6, 4))
    # lightness grows all the way, so that the sign can be seen in grey
    image = drawn.imshow(
        weights.T, cmap="cividis", vmin=-MAX_WEIGHT, vmax=MAX_WEIGHT, aspect="auto", interpolation="none"
    )
    drawn.set(xlabel="source", ylabel="target")
    drawn.figure.colorbar(image, ax=drawn, label="weight (LSB)")
    return drawn
