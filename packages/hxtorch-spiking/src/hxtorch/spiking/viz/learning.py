"""How training goes, and what was learnt."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from hxtorch.core.errors import PictureError
from hxtorch.core.viz import COLOURS, on_axes
from hxtorch.core.viz.style import LINES, colour

if TYPE_CHECKING:
    from matplotlib.axes import Axes  # an extra of the package

POINTS_AT_ONCE = 200


def training(
    curves: Mapping[str, Sequence[float]],
    *,
    ylabel: str = "accuracy",
    second: Mapping[str, Sequence[float]] | None = None,
    second_label: str = "loss",
    axes: Axes | None = None,
) -> Axes:
    """Draw values over epochs, others beside them on an axis of their own.

    Args:
        curves: One value for each epoch, by name.
        ylabel: What they are.
        second: As ``curves``, for the right axis, which begins at 0.
        second_label: What those are.
        axes: What to draw on, or None for a new figure.

    Returns:
        The axes of ``curves``; those of ``second`` are the last of its figure.

    Raises:
        ImportError: matplotlib is not installed.
        PictureError: There is no curve, or one of them has no values.
    """
    curves, second = _numbers("curves", curves), _numbers("second", {} if second is None else second)
    if not curves:
        raise PictureError("curves: got none, wanted at least one")
    drawn = on_axes(axes)
    _curves(drawn, curves, COLOURS[0], "o")
    drawn.set(xlabel="epoch", ylabel=ylabel)
    if all(0 <= value <= 1 for values in curves.values() for value in values):
        drawn.set_ylim(0, 1)
    drawn.locator_params(axis="x", integer=True)
    if second:
        beside = drawn.twinx()
        _curves(beside, second, COLOURS[1], "s")
        beside.set_ylabel(second_label, color=COLOURS[1])
        beside.set_ylim(bottom=0)
    if len(curves) > 1:
        drawn.legend(loc="lower right")
    return drawn


def _numbers(what: str, given: Mapping[str, Sequence[Any]]) -> dict[str, list[float]]:
    """Return values of each curve as plain numbers, which may come as scalars of torch with their graph."""
    try:
        found = {name: [_number(value) for value in values] for name, values in given.items()}
    except (AttributeError, TypeError, ValueError, RuntimeError):
        found = {what: []}
    if not all(found.values()):
        raise PictureError(f"{what}: got {given!r:.80}, wanted sequences of one value for each epoch, by name")
    return found


def _number(value: Any) -> float:
    """Return a number; None is a gap."""
    return math.nan if value is None else float(value.detach() if isinstance(value, Tensor) else value)


def _curves(axes: Axes, curves: Mapping[str, Sequence[float]], colour: str, marker: str) -> None:
    for style, (name, values) in zip(LINES * len(curves), curves.items(), strict=False):
        axes.plot(range(1, len(values) + 1), list(values), marker + style, color=colour, label=name, markersize=4)


def decision_map(
    classify: Callable[[Tensor], Tensor],
    *,
    classes: int,
    samples: tuple[Any, Any] | None = None,
    extent: tuple[float, float, float, float] = (0.0, 1.0, 0.0, 1.0),
    inside: Callable[[Tensor, Tensor], Tensor] | None = None,
    resolution: int = 80,
    axes: Axes | None = None,
) -> Axes:
    """Colour a plane by the class that a network gives to each of its points.

    Args:
        classify: From points (point, 2) to scores (point, class) or classes (point,); called with 200 at most.
        classes: How many there are.
        samples: True samples as dots: coordinates (sample, 2) and their classes (sample,).
        extent: First and last x, first and last y.
        inside: Which points count, boolean, of x and y (point,); None for all.
        resolution: Points along an edge.
        axes: What to draw on, or None for a new figure.

    Returns:
        The axes.

    Raises:
        ImportError: matplotlib is not installed.
        PictureError: ``classify`` returned another shape or class, samples have other shapes, or there are more classes
            than colours.
    """
    if not 1 <= classes <= len(COLOURS):
        raise PictureError(f"classes: got {classes}, wanted 1 to {len(COLOURS)}, as many as there are colours")
    drawn = on_axes(axes, (5, 5))
    from matplotlib.colors import ListedColormap  # on_axes says if it is missing

    left, right, low, high = extent
    x, y = torch.meshgrid(torch.linspace(left, right, resolution), torch.linspace(low, high, resolution), indexing="xy")
    chosen = torch.ones_like(x, dtype=torch.bool) if inside is None else inside(x, y)
    points = torch.stack([x[chosen], y[chosen]], 1)
    with torch.no_grad():
        found = torch.cat(
            [_classes(classify(part), len(part), classes) for part in torch.split(points, POINTS_AT_ONCE)]
        )
    decided = torch.full(x.shape, float("nan"))
    decided[chosen] = found.float()
    colours: dict[str, Any] = {
        "cmap": ListedColormap([colour(position) for position in range(classes)]),
        "vmin": -0.5,
        "vmax": classes - 0.5,
    }
    drawn.imshow(decided.numpy(), origin="lower", extent=extent, alpha=0.45, interpolation="none", **colours)
    if samples is not None:
        places, truth = (torch.as_tensor(values).detach().cpu() for values in samples)
        if places.ndim != 2 or places.shape[1] != 2 or truth.shape != places.shape[:1]:
            shapes = f"{tuple(places.shape)} and {tuple(truth.shape)}"
            raise PictureError(f"samples: got shapes {shapes}, wanted (sample, 2) and (sample,)")
        drawn.scatter(
            places[:, 0].numpy(),
            places[:, 1].numpy(),
            c=truth.numpy(),
            s=14,
            edgecolors="white",
            linewidths=0.4,
            **colours,
        )
    drawn.set(xlabel="x", ylabel="y", aspect="equal")
    return drawn


def _classes(answer: Any, points: int, classes: int) -> Tensor:
    answer = torch.as_tensor(answer).detach().cpu()
    if answer.ndim not in (1, 2) or len(answer) != points:
        wanted = f"({points}, class) or ({points},)"
        raise PictureError(f"classify: returned shape {tuple(answer.shape)}, wanted {wanted}")
    found: Tensor = answer.argmax(1) if answer.ndim == 2 else answer
    wrong = found[(found < 0) | (found >= classes)]
    if len(wrong):
        raise PictureError(f"classify: returned class {wrong[0].item():g}, wanted 0 to {classes - 1}, as classes says")
    return found
