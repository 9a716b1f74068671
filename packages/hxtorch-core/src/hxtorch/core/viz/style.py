"""Colours and axes that all pictures share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hxtorch.core.errors import PictureError

if TYPE_CHECKING:
    from matplotlib.axes import Axes  # an extra of the package

COLOURS = ("#0b3c8c", "#d55e00", "#56b4e9", "#f0d042", "#00805a", "#cc79a7", "#000000", "#999999")
"""Kinds of things, in their order. The first four differ in lightness too, so that they can be told apart in grey; hues
are those that the colour-blind tell apart (M. Okabe, K. Ito, "Color universal design", 2008)."""

LINES = ("-", "--", "-.", ":")
"""Styles of lines, in their order."""

FREE = "#f0f0f0"
"""What nothing stands at."""

REFERENCE = "#444444"
"""Lines to compare with: targets, thresholds, ideals."""


def on_axes(axes: Axes | None, size: tuple[float, float] = (6.0, 4.0)) -> Axes:
    """Return what to draw on.

    Args:
        axes: Axes of a figure, or None for those of a new one.
        size: Width and height of the new figure, inches.

    Raises:
        ImportError: matplotlib is not installed.
        PictureError: ``axes`` are no axes.
    """
    try:
        from matplotlib.axes import Axes as Drawable  # an extra of the package
    except ImportError as error:
        raise ImportError("pictures need matplotlib: pip install matplotlib") from error
    if axes is None:
        from matplotlib import pyplot  # only here: it chooses a backend

        return pyplot.subplots(figsize=size, layout="constrained")[1]
    if not isinstance(axes, Drawable):
        raise PictureError(f"axes: got {type(axes).__name__}, wanted axes of matplotlib, or None for a new figure")
    return axes


def colour(position: int) -> str:
    """Return the colour of the kind of thing at ``position``; they repeat."""
    return COLOURS[position % len(COLOURS)]
