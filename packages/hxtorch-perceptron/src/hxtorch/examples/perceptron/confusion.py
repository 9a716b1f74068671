"""Which classes are taken for which."""

from __future__ import annotations

import torch
from torch import Tensor


def confusion_matrix(found: Tensor, targets: Tensor, classes: int) -> Tensor:
    """Count pairs of right and found classes.

    Args:
        found: Classes found, int64 (samples,).
        targets: Right classes, int64 (samples,).
        classes: Number of classes.

    Returns:
        int64 (classes, classes), right classes down, found ones across.
    """
    return torch.bincount(targets * classes + found, minlength=classes**2).reshape(classes, classes)


def draw_confusion(counts: Tensor, path: str) -> None:
    """Draw ``counts`` of :func:`confusion_matrix` into the file ``path``; needs matplotlib."""
    from matplotlib.figure import Figure  # an extra of the package

    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    axes.imshow((counts / counts.sum(1, keepdim=True).clamp(min=1)).numpy(), cmap="Blues", vmin=0, vmax=1)
    for right, row in enumerate(counts.tolist()):
        for found, count in enumerate(row):
            if count:
                color = "white" if count > sum(row) / 2 else "black"
                axes.text(found, right, str(count), ha="center", va="center", color=color)
    ticks = range(len(counts))
    axes.set(xlabel="found", ylabel="right", xticks=ticks, yticks=ticks)
    axes.set_title(f"{counts.diag().sum() / counts.sum():.1%} right")
    figure.savefig(path)
