"""Which classes are taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hxtorch.core.errors import PictureError
from hxtorch.core.viz import on_axes
from hxtorch.perceptron.viz.given import numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes  # an extra of the package


def confusion(counts: Any, *, names: Sequence[str] | None = None, axes: Axes | None = None) -> Axes:
    """Draw how often each class was taken for each other one, shaded by its share of the right class.

    Args:
        counts: At least 0, (classes, classes): right classes down, found ones across.
        names: Of the classes, or None for numbers.
        axes: What to draw on, or None for a new figure.

    Returns:
        The axes.

    Raises:
        ImportError: matplotlib is not installed.
        PictureError: ``counts`` is no such matrix, or there are more or fewer names.
    """
    matrix = numbers("counts", counts)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not bool((matrix >= 0).all()):
        raise PictureError(f"counts: got shape {tuple(matrix.shape)}, wanted counts (classes, classes), none negative")
    if names is not None and len(names) != len(matrix):
        raise PictureError(f"names: got {len(names)}, wanted one for each of {len(matrix)} classes")
    drawn = on_axes(axes, (5, 5))
    drawn.imshow((matrix / matrix.sum(1, keepdim=True).clamp(min=1)).numpy(), cmap="Blues", vmin=0, vmax=1)
    for right, row in enumerate(matrix.tolist()):
        for found, count in enumerate(row):
            if count:
                colour = "white" if count > sum(row) / 2 else "black"
                drawn.text(found, right, str(count), ha="center", va="center", color=colour, fontsize="small")
    ticks = range(len(matrix))
    drawn.set(xlabel="found", ylabel="right", xticks=ticks, yticks=ticks)
    if names is not None:
        drawn.set_xticklabels(names, rotation=45, ha="right")
        drawn.set_yticklabels(names)
    if matrix.sum() > 0:
        drawn.set_title(f"{matrix.diag().sum() / matrix.sum():.1%} right")
    return drawn
