"""Which neuron fires when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from hxtorch.core.viz import COLOURS, on_axes
from hxtorch.spiking.network.handle import Handle
from hxtorch.spiking.viz.observed import MICROSECOND, entry, observed

if TYPE_CHECKING:
    from matplotlib.axes import Axes  # an extra of the package


def raster(spikes: Handle | Tensor, *, batch: int = 0, dt: float = MICROSECOND, axes: Axes | None = None) -> Axes:
    """Draw a mark for each spike, neurons over time.

    Args:
        spikes: A handle with spikes, or zeros and ones (time, batch, neuron).
        batch: Entry of the batch.
        dt: Step in seconds.
        axes: What to draw on, or None for a new figure.

    Returns:
        The axes; the time is in us.

    Raises:
        ImportError: matplotlib is not installed.
        PictureError: There are no spikes, or not that entry.
    """
    fired = entry(observed(spikes, "spikes"), batch)
    drawn = on_axes(axes, (6, 3))
    steps, neurons = fired.nonzero(as_tuple=True)
    # marks as long as a neuron's line is high, but never too small to be seen
    size = min(max(150 / fired.shape[1], 2), 12)
    times = (steps * (dt / MICROSECOND)).numpy()
    drawn.plot(times, neurons.numpy(), "|", color=COLOURS[0], markersize=size, markeredgewidth=1.2)
    drawn.set(
        xlabel="time (us)",
        ylabel="neuron",
        xlim=(-dt / MICROSECOND, len(fired) * dt / MICROSECOND),
        ylim=(-0.7, fired.shape[1] - 0.3),
    )
    drawn.locator_params(axis="y", integer=True)
    return drawn
