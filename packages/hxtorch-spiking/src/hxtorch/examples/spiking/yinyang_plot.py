"""The figure of the yin-yang example."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from hxtorch.spiking.datasets import YinYangDataset

if TYPE_CHECKING:
    from hxtorch.examples.spiking.yinyang_model import Model

COLORS = ("#4477aa", "#cc6677", "#ddaa33")
RESOLUTION = 80  # points along an edge of the map
BATCH = 200


def draw(
    train_loss: list[float],
    train_acc: list[float],
    test_loss: list[float],
    test_acc: list[float],
    path: str,
    model: Model | None = None,
) -> None:
    """Write a figure to ``path``; see :func:`~hxtorch.examples.spiking.yinyang.plot`.

    Raises:
        ImportError: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # an extra of the package
        from matplotlib.figure import Figure  # an extra of the package
    except ImportError as error:
        raise ImportError("the figure needs matplotlib: pip install matplotlib") from error
    figure = Figure(figsize=(15 if model else 5, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, 3 if model else 1, squeeze=False)[0]
    _draw_curves(axes[0], train_loss, train_acc, test_loss, test_acc)
    if model is not None:
        was_training = model.training
        model.eval()
        with torch.no_grad():
            _draw_map(axes[1], model)
            _draw_membranes(axes[2], model)
        model.train(was_training)
    figure.savefig(path, dpi=120)


def _draw_curves(
    axes: Any, train_loss: list[float], train_acc: list[float], test_loss: list[float], test_acc: list[float]
) -> None:
    epochs = range(1, len(train_acc) + 1)
    axes.plot(epochs, train_acc, "o--", color=COLORS[0], label="training")
    axes.plot(epochs, test_acc, "o-", color=COLORS[0], label="test")
    axes.set(xlabel="epoch", ylabel="accuracy", ylim=(0, 1), title="training")
    axes.locator_params(axis="x", integer=True)
    axes.legend(loc="lower right")
    loss_axes = axes.twinx()
    loss_axes.plot(epochs, train_loss, "s--", color=COLORS[1], alpha=0.6)
    loss_axes.plot(epochs, test_loss, "s-", color=COLORS[1], alpha=0.6)
    loss_axes.set_ylabel("loss", color=COLORS[1])
    loss_axes.set_ylim(bottom=0)


def _draw_map(axes: Any, model: Model) -> None:
    """Color the sign by decision and put dots on a few true samples."""
    from matplotlib.colors import ListedColormap  # an extra of the package

    edge = torch.linspace(0, 1, RESOLUTION)
    x, y = torch.meshgrid(edge, edge, indexing="xy")
    inside = (x - 0.5).square() + (y - 0.5).square() <= 0.25
    points = torch.stack([x[inside], y[inside]], 1)
    scores = torch.cat([model(_coordinates(part)).cpu() for part in torch.split(points, BATCH)])
    decided = torch.full((RESOLUTION, RESOLUTION), float("nan"))
    decided[inside] = scores.argmax(1).float()
    colors = ListedColormap(COLORS)
    axes.imshow(decided.numpy(), origin="lower", extent=(0, 1, 0, 1), cmap=colors, vmin=0, vmax=2, alpha=0.5)
    samples = YinYangDataset(size=300, seed=7)
    place = samples.coordinates[:, :2]
    axes.scatter(place[:, 0], place[:, 1], c=samples.classes, cmap=colors, vmin=0, vmax=2, s=8)
    axes.set(xlabel="x", ylabel="y", title="decision (area) and class (dots)", aspect="equal")


def _draw_membranes(axes: Any, model: Model) -> None:
    """Show what the leaky integrators do with one sample."""
    samples = YinYangDataset(size=1, seed=3)
    model(torch.from_numpy(samples.coordinates))
    network = model.network
    membranes = network.readout.filled()
    time = torch.arange(len(membranes)) * network.experiment.dt * 1e6
    for index, name in enumerate(samples.class_names):
        right = " (true class)" if index == int(samples.classes[0]) else ""
        axes.plot(time, membranes[:, 0, index].cpu(), color=COLORS[index], label=name + right)
    axes.set(xlabel="time (us)", ylabel="membrane (model units)", title="readout of one sample")
    axes.legend()


def _coordinates(points: Tensor) -> Tensor:
    return torch.cat([points, 1 - points], 1)
