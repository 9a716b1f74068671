"""What a network takes of a chip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bss2_emulator.facts.constants import COLUMNS, DRIVERS
from hxtorch.core.errors import PictureError
from hxtorch.core.fit.report import FitReport
from hxtorch.core.viz.style import COLOURS, FREE, colour, on_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes  # an extra of the package

NEURON_HEIGHT = 12  # of the line of neurons in the picture, in rows of drivers
GAP = 4


def occupation(report: FitReport, axes: Axes | None = None) -> Axes:
    """Draw the chip with the report's network on it.

    Both synapse arrays show which projection holds which driver in which column, the neurons between them which
    population they belong to. If the network does not fit, the arrays show how many drivers each column needs.

    Args:
        report: Of :func:`hxtorch.core.fit_report`.
        axes: What to draw on, or None for a new figure.

    Returns:
        The axes.

    Raises:
        ImportError: matplotlib is not installed.
        PictureError: ``report`` or ``axes`` are of another kind.
    """
    if not isinstance(report, FitReport):
        raise PictureError(f"report: got {type(report).__name__}, wanted the result of hxtorch.core.fit_report")
    drawn = on_axes(axes, (9, 7))
    from matplotlib.colors import ListedColormap  # on_axes says if it is missing
    from matplotlib.patches import Patch

    synapses, kinds = _synapses(report)
    colours = [colour(position) for position in range(len(kinds) + len(report.population_names))]
    if not report.fits:
        colours[:2] = COLOURS[2], COLOURS[1]
    population = np.where(report.population_of < 0, -1, report.population_of + len(kinds)).reshape(2, 1, COLUMNS)
    neurons = np.broadcast_to(population, (2, NEURON_HEIGHT, COLUMNS))
    gap = np.full((GAP, COLUMNS), -2)
    # the arrays lie outside, the neurons of both hemispheres meet in the middle
    image = np.concatenate([synapses[0], gap, neurons[0], gap, neurons[1], gap, synapses[1, ::-1]])
    drawn.imshow(
        image,
        cmap=ListedColormap(["white", FREE, *colours]),
        vmin=-2.5,
        vmax=len(colours) - 0.5,
        aspect="auto",
        interpolation="none",
    )
    middle = DRIVERS + GAP
    places = {
        0: "driver 0",
        DRIVERS // 2: f"top\n({report.drivers[0]})",
        DRIVERS - 1: f"driver {DRIVERS - 1}",
        middle + NEURON_HEIGHT // 2: f"neurons ({report.circuits[0]})",
        middle + GAP + NEURON_HEIGHT * 3 // 2: f"neurons ({report.circuits[1]})",
        len(image) - DRIVERS: f"driver {DRIVERS - 1}",
        len(image) - DRIVERS // 2: f"bottom\n({report.drivers[1]})",
        len(image) - 1: "driver 0",
    }
    drawn.set_yticks(list(places), list(places.values()), fontsize="small")
    drawn.set(xlabel="column", xticks=[0, 64, 128, 192, 255])
    names = [*kinds, *report.population_names]
    shown = [kind for kind in range(len(names)) if (image == kind).any()]
    patches = [Patch(facecolor=colours[kind], edgecolor="black", label=names[kind]) for kind in shown]
    if patches:
        drawn.legend(handles=patches, loc="upper left", bbox_to_anchor=(1, 1), fontsize="small", frameon=False)
    return drawn


def _synapses(report: FitReport) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return what to show at each driver and column, int64 (2, 128, 256), -1 for nothing, and what the numbers mean."""
    if report.projection_at is not None:
        return report.projection_at, report.projection_names
    fan_in = report.fan_in.reshape(2, 1, COLUMNS)
    drivers = np.arange(DRIVERS)[:, None]
    return np.where(drivers < fan_in, np.where(fan_in > DRIVERS, 1, 0), -1), ("needed", "more than there are")
