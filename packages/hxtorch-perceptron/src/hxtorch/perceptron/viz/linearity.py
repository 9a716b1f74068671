"""How far analog products are from those of integers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from hxtorch.core.errors import PictureError
from hxtorch.core.viz import COLOURS, on_axes
from hxtorch.core.viz.style import REFERENCE
from hxtorch.perceptron.constants import output_activation_max, output_activation_min
from hxtorch.perceptron.viz.given import numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes  # an extra of the package


def mac_linearity(
    activations: Any, weights: Any, results: Any, *, gain: float | None = None, axes: Axes | None = None
) -> Axes:
    """Draw results of analog products over the exact products, with the line of the linear model and the rails.

    Args:
        activations: Input (..., rows), 0 to 31.
        weights: (rows, columns), -63 to 63.
        results: What :func:`hxtorch.perceptron.mac` or ``matmul`` gave for them, (..., columns).
        gain: Result per exact product, or None for the one that fits results between the rails best.
        axes: What to draw on, or None for a new figure.

    Returns:
        The axes.

    Raises:
        ImportError: matplotlib is not installed.
        PictureError: Shapes do not belong together, or there are no numbers.
    """
    given = {"activations": activations, "weights": weights, "results": results}
    inputs, matrix, found = (numbers(name, values).double() for name, values in given.items())
    if matrix.ndim != 2 or inputs.ndim == 0 or inputs.shape[-1] != len(matrix):
        shapes = f"{tuple(inputs.shape)} and {tuple(matrix.shape)}"
        raise PictureError(f"activations and weights: got shapes {shapes}, wanted (..., rows) and (rows, columns)")
    exact = inputs @ matrix
    if exact.shape != found.shape:
        raise PictureError(f"results: got shape {tuple(found.shape)}, wanted {tuple(exact.shape)}")
    if gain is None:
        between = (found > output_activation_min) & (found < output_activation_max)
        squares = float(exact[between].square().sum())
        gain = float((exact * found)[between].sum()) / squares if squares else 0.0
    drawn = on_axes(axes, (5, 4))
    drawn.plot(
        exact.flatten().numpy(), found.flatten().numpy(), ".", color=COLOURS[0], markersize=2.5, alpha=0.4, label="chip"
    )
    ends = torch.stack([exact.min(), exact.max()])
    drawn.plot(ends.numpy(), (gain * ends).numpy(), "--", color=COLOURS[1], label=f"gain {gain:.2g}")
    for rail in (output_activation_min, output_activation_max):
        drawn.axhline(rail, color=REFERENCE, linewidth=0.8, linestyle=":")
    drawn.set(
        xlabel="exact product",
        ylabel="result (LSB)",
        ylim=(output_activation_min - 12, output_activation_max + 12),
    )
    drawn.legend(loc="upper left")
    return drawn
