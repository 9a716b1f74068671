"""Draw what a network takes of the chip."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from bss2_emulator.facts.constants import COLUMNS, DRIVERS
from hxtorch.core.fit.report import FitReport
from hxtorch.core.routing.routes import BUSES, LABELS

if TYPE_CHECKING:
    from matplotlib.axes import Axes  # an extra of the package

_FREE, _NEEDED, _TOO_MANY = "#f0f0f0", "#8090b0", "#c00000"


def draw_fit(report: FitReport, path: str | PathLike[str]) -> None:
    """Draw the chip with the report's network on it.

    Both synapse arrays show which projection holds which driver in which column, the neurons between them which
    population they belong to. Below are the labels in use and, if known, the load of links and buses. If the network
    does not fit, the arrays show how many drivers each column needs instead.

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
    grid = figure.add_gridspec(5 if report.fits else 4, 2, height_ratios=(6, 1, 1, 6, 4)[: 5 if report.fits else 4])
    synapses, kinds = _synapses(report)
    for hemisphere, (array_row, neuron_row) in enumerate(((0, 1), (3, 2))):
        array, neurons = figure.add_subplot(grid[array_row, :]), figure.add_subplot(grid[neuron_row, :])
        # the arrays lie outside, the neurons of both hemispheres meet in the middle
        _image(array, synapses[hemisphere], len(kinds), "lower" if hemisphere else "upper", not report.fits)
        _image(neurons, report.population_of.reshape(2, 1, COLUMNS)[hemisphere], len(report.population_names))
        drivers, circuits = report.drivers[hemisphere], report.circuits[hemisphere]
        array.set_ylabel(f"{('top', 'bottom')[hemisphere]}\ndriver ({drivers})")
        neurons.set_ylabel(f"neurons\n{circuits}", rotation=0, ha="right", va="center")
        neurons.set_yticks([])
        if hemisphere == 0:
            _legend(array, kinds, not report.fits)
            _legend(neurons, report.population_names, False, np.unique(report.population_of[report.population_of >= 0]))
    if report.labels_by_group is not None:
        _labels(figure.add_subplot(grid[4, 0]), report.labels_by_group, f"labels: {report.labels}")
    if report.traffic:
        _traffic(figure.add_subplot(grid[4, 1]), report)
    remedy = f"smallest change: {report.remedy}" if report.remedy else "no smaller population helps"
    figure.suptitle("The network fits" if report.fits else f"The network does not fit; {remedy}")
    figure.savefig(path, dpi=120)


def _synapses(report: FitReport) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return what to show at each driver and column, int64 (2, 128, 256), -1 for nothing, and what the numbers mean."""
    if report.projection_at is not None:
        return report.projection_at, report.projection_names
    fan_in = report.fan_in.reshape(2, 1, COLUMNS)
    drivers = np.arange(DRIVERS)[:, None]
    return np.where(drivers < fan_in, np.where(fan_in > DRIVERS, 1, 0), -1), ("needed", "more than there are")


def _colours(count: int, warning: bool) -> list[Any]:
    from matplotlib import colormaps  # an extra of the package

    return [_NEEDED, _TOO_MANY] if warning else [colormaps["tab20"](kind % 20) for kind in range(count)]


def _image(axes: Axes, values: np.ndarray, kinds: int, origin: Any = "upper", warning: bool = False) -> None:
    from matplotlib.colors import ListedColormap  # an extra of the package

    colours = ListedColormap([_FREE, *_colours(kinds, warning)])
    axes.imshow(values, cmap=colours, vmin=-1.5, vmax=kinds - 0.5, aspect="auto", origin=origin, interpolation="none")
    axes.set_xticks([0, 64, 128, 192, 255])


def _legend(axes: Axes, names: Sequence[str], warning: bool, shown: Sequence[int] | np.ndarray | None = None) -> None:
    from matplotlib.patches import Patch  # an extra of the package

    colours = _colours(len(names), warning)
    kinds = range(len(names)) if shown is None else shown
    patches = [Patch(color=colours[kind], label=names[kind]) for kind in kinds]
    if patches:
        axes.legend(handles=patches, loc="upper left", bbox_to_anchor=(1, 1), fontsize="small", frameon=False)


def _labels(axes: Axes, counts: np.ndarray, title: str) -> None:
    axes.imshow(counts, cmap="Blues", vmin=0, vmax=LABELS)
    for (bus, group), count in np.ndenumerate(counts):
        axes.text(group, bus, str(count), ha="center", va="center", color="white" if count > LABELS // 2 else "black")
    axes.set(xlabel="group", ylabel="PADI bus", xticks=range(counts.shape[1]), yticks=range(BUSES))
    axes.set_title(title, fontsize="medium")


def _traffic(axes: Axes, report: FitReport) -> None:
    shares = [100 * load.rate / load.capacity for load in report.traffic]
    colours = [_TOO_MANY if load.overloaded else _NEEDED for load in report.traffic]
    places = range(len(shares))
    axes.barh(places, shares, color=colours)
    axes.set_yticks(places, [load.name for load in report.traffic], fontsize="x-small")
    axes.invert_yaxis()
    axes.axvline(100, color="black", linewidth=0.8)
    axes.set_xlabel("expected events, % of capacity")
