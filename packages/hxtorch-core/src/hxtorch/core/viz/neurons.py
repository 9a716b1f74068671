"""What a calibration reaches, neuron by neuron."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bss2_emulator.facts.constants import NEURONS
from hxtorch.core.calibration.stored.result import Calibration, with_unit
from hxtorch.core.errors import PictureError
from hxtorch.core.viz.style import COLOURS, REFERENCE, on_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes  # an extra of the package

MARKERS = "os^v"


def calibration(
    result: Calibration,
    quantity: str | None = None,
    *,
    before: Calibration | Any = None,
    axes: Axes | None = None,
) -> Axes:
    """Draw what each neuron reaches, with the target as a line and crosses on the neurons that failed.

    Args:
        result: The calibration.
        quantity: A key of ``result.measured``, or None for the first that has a target.
        before: What there was before, in grey: another calibration, or values (512,) in the unit of the quantity.
        axes: What to draw on, or None for a new figure.

    Returns:
        The axes.

    Raises:
        ImportError: matplotlib is not installed.
        PictureError: An argument is of another kind, or the quantity was not measured.
    """
    if not isinstance(result, Calibration):
        raise PictureError(f"calibration: got {type(result).__name__}, wanted a Calibration")
    wanted = result.target.values()
    if quantity is None:
        quantity = next((name for name in result.measured if name in wanted), next(iter(result.measured), ""))
    after = _values(result, quantity, "quantity")
    drawn = on_axes(axes, (8, 3))
    if before is not None:
        old = _values(before, quantity, "before") if isinstance(before, Calibration) else _numbers(before)
        for position, row in enumerate(old):
            _dots(drawn, row, position, "0.65", "before" if position == 0 else None)
    label = None if before is None else "after"
    for position, row in enumerate(after):
        _dots(drawn, row, position, COLOURS[position % len(COLOURS)], label if position == 0 else None)
        if row.size == NEURONS and result.failed.size:
            lost = "failed" if position == 0 else None
            drawn.plot(result.failed, row[result.failed], "x", color=COLOURS[1], markersize=7, label=lost)
    targets = np.asarray(wanted.get(quantity, np.empty(0)), np.float64)
    for position, target in enumerate(np.unique(targets[np.isfinite(targets)])[:4]):
        drawn.axhline(target, color=REFERENCE, linewidth=0.8, label="target" if position == 0 else None)
    drawn.set(xlabel="neuron", ylabel=with_unit(quantity), xlim=(-4, after.shape[1] + 3))
    if drawn.get_legend_handles_labels()[0]:
        drawn.legend(loc="upper right", fontsize="small", ncols=4)
    return drawn


def _values(result: Calibration, quantity: str, argument: str) -> np.ndarray:
    """Return what was measured, one row for each value of a neuron."""
    if quantity not in result.measured:
        known = ", ".join(result.measured) or "none there, for nothing was measured"
        raise PictureError(f"{argument}: got {quantity!r}, wanted one of {known}; before= takes numbers (512,) as well")
    values = np.asarray(result.measured[quantity], np.float64)
    return values.reshape(-1, NEURONS) if values.size % NEURONS == 0 else values.reshape(1, -1)


def _numbers(values: Any) -> np.ndarray:
    try:
        numbers = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise PictureError(f"before: got {type(values).__name__}, wanted a Calibration or numbers (512,)") from None
    if numbers.shape != (NEURONS,):
        raise PictureError(f"before: got shape {numbers.shape}, wanted (512,), one value for each neuron")
    return numbers[None]


def _dots(axes: Axes, values: np.ndarray, position: int, colour: str, label: str | None) -> None:
    marker = MARKERS[position % len(MARKERS)]
    axes.plot(values, marker, color=colour, markersize=2.5, linestyle="none", label=label)
