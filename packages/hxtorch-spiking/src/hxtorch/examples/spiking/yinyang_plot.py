"""The figure of the yin-yang example."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from hxtorch.spiking.datasets import YinYangDataset

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hxtorch.examples.spiking.yinyang_model import Model


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
    from hxtorch.spiking.viz import training  # an extra of the package, too

    figure = Figure(figsize=(15 if model else 5, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, 3 if model else 1, squeeze=False)[0]
    accuracy, loss = {"training": train_acc, "test": test_acc}, {"training": train_loss, "test": test_loss}
    training(accuracy, second=loss, axes=axes[0]).set_title("training")
    if model is not None:
        was_training = model.training
        model.eval()
        with torch.no_grad():
            _draw_map(axes[1], model)
            _draw_membranes(axes[2], model)
        model.train(was_training)
    figure.savefig(path, dpi=120)


def _draw_map(axes: Axes, model: Model) -> None:
    """Color the sign by decision and put dots on a few true samples."""
    from hxtorch.spiking.viz import decision_map  # needs matplotlib, which is an extra

    samples = YinYangDataset(size=300, seed=7)
    decision_map(
        lambda points: model(torch.cat([points, 1 - points], 1)),
        classes=len(samples.class_names),
        samples=(samples.coordinates[:, :2], samples.classes),
        inside=lambda x, y: (x - 0.5).square() + (y - 0.5).square() <= 0.25,
        axes=axes,
    )
    axes.set_title("decision (area) and class (dots)")


def _draw_membranes(axes: Axes, model: Model) -> None:
    """Show what the leaky integrators do with one sample."""
    from hxtorch.spiking.viz import traces  # needs matplotlib, which is an extra

    samples = YinYangDataset(size=1, seed=3)
    model(torch.from_numpy(samples.coordinates))
    network, names = model.network, samples.class_names
    traces(network.readout, neurons=range(len(names)), dt=network.experiment.dt, axes=axes)
    true = int(samples.classes[0])
    axes.legend([name + " (true class)" * (index == true) for index, name in enumerate(names)])
    axes.set(ylabel="membrane (model units)", title="readout of one sample")
