"""Draw what a network takes of the chip."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING

import numpy as np

from hxtorch.core.fit.report import FitReport
from hxtorch.core.routing.routes import BUSES, LABELS
from hxtorch.core.viz.chip import occupation
from hxtorch.core.viz.style import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes  # an extra of the package


def draw_fit(report: FitReport, path: str | PathLike[str]) -> None:
    """Draw the chip with the report's network on it: :func:`hxtorch.core.viz.occupation`.

    Below are the labels in use and, if known, the load of links and buses.

    Args:
        report: What to draw.
        path: File to write; its suffix decides the format.

    Raises:
        ImportError: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # an extra of the package
        from matplotlib.figure import Figure  # an extra of the package
    except ImportError as error:
        raise ImportError("the figure of the chip needs matplotlib: pip install matplotlib") from error

    figure = Figure(figsize=(9, 10) if report.fits else (9, 7), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(2 if report.fits else 1, 2, height_ratios=(3, 1)[: 2 if report.fits else 1])
    occupation(report, figure.add_subplot(grid[0, :]))
    if report.labels_by_group is not None:
        _labels(figure.add_subplot(grid[1, 0]), report.labels_by_group, f"labels: {report.labels}")
    if report.traffic:
        _traffic(figure.add_subplot(grid[1, 1]), report)
    remedy = f"smallest change: {report.remedy}" if report.remedy else "no smaller population helps"
    figure.suptitle("The network fits" if report.fits else f"The network does not fit; {remedy}")
    figure.savefig(path, dpi=120)


def _labels(axes: Axes, counts: np.ndarray, title: str) -> None:
    axes.imshow(counts, cmap="Blues", vmin=0, vmax=LABELS)
    for (bus, group), count in np.ndenumerate(counts):
        axes.text(group, bus, str(count), ha="center", va="center", color="white" if count > LABELS // 2 else "black")
    axes.set(xlabel="group", ylabel="PADI bus", xticks=range(counts.shape[1]), yticks=range(BUSES))
    axes.set_title(title, fontsize="medium")


def _traffic(axes: Axes, report: FitReport) -> None:
    shares = [100 * load.rate / load.capacity for load in report.traffic]
    colours = [COLOURS[1] if load.overloaded else COLOURS[2] for load in report.traffic]
    places = range(len(shares))
    axes.barh(places, shares, color=colours)
    axes.set_yticks(places, [load.name for load in report.traffic], fontsize="x-small")
    axes.invert_yaxis()
    axes.axvline(100, color="black", linewidth=0.8)
    axes.set_xlabel("expected events, % of capacity")
