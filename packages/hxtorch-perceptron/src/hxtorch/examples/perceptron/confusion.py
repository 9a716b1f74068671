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

    from hxtorch.perceptron.viz import confusion  # needs matplotlib, which is an extra

    figure = Figure(figsize=(5, 5), layout="constrained")
    confusion(counts, axes=figure.subplots())
    figure.savefig(path)
