"""The network of the digits example, for the chip and in plain torch."""

from __future__ import annotations

import torch
from torch import Tensor

import hxtorch.perceptron.nn as hxnn

CHANNELS = 20
HIDDEN = 128


def _convolution(size: int) -> tuple[int, int]:
    """Return kernel and stride that leave about 5 by 5 positions of images with one pixel of padding."""
    kernel = (size + 2) // 3 + (size + 2) % 3 // 2
    return kernel, max(1, kernel // 2)


class Model(torch.nn.Module):
    """Convolution and two dense layers, all products in the analog core, activations of 5 bits between them.

    Attributes:
        scale: Factor from results in LSB to logits.
    """

    def __init__(self, mock: bool = False, size: int = 28, classes: int = 10) -> None:
        """Build the layers for images of ``size`` by ``size`` in ``classes`` classes."""
        super().__init__()
        kernel, stride = _convolution(size)
        positions = (size + 2 - kernel) // stride + 1
        self.features = torch.nn.Sequential(
            hxnn.Conv2d(1, CHANNELS, kernel, stride, padding=1, bias=False, mock=mock),
            hxnn.ConvertingReLU(1, mock=mock),
            torch.nn.Flatten(),
        )
        self.classifier = torch.nn.Sequential(
            hxnn.Linear(CHANNELS * positions**2, HIDDEN, bias=False, mock=mock),
            hxnn.ConvertingReLU(1, mock=mock),
            hxnn.Linear(HIDDEN, classes, bias=False, mock=mock),
        )
        self.scale = 0.1

    def forward(self, *x: Tensor) -> Tensor:
        """Classify.

        Args:
            *x: One tensor of activations 0..31, shape (batch, 1, size, size).

        Returns:
            Logits, shape (batch, classes).
        """
        (images,) = x
        logits: Tensor = self.classifier(self.features(images)) * self.scale
        return logits

    def set_mock(self, mock: bool) -> None:
        """Move all layers to the mock model or to the chip; weights stay."""
        for layer in self.modules():
            if isinstance(layer, hxnn.Layer):
                layer.mock = mock


def float_model(size: int = 28, classes: int = 10) -> torch.nn.Module:
    """Build the same network in plain torch, to compare with; its inputs are divided by 31."""
    kernel, stride = _convolution(size)
    positions = (size + 2 - kernel) // stride + 1

    class Scaled(torch.nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return images / 31

    return torch.nn.Sequential(
        Scaled(),
        torch.nn.Conv2d(1, CHANNELS, kernel, stride, padding=1, bias=False),
        torch.nn.ReLU(),
        torch.nn.Flatten(),
        torch.nn.Linear(CHANNELS * positions**2, HIDDEN, bias=False),
        torch.nn.ReLU(),
        torch.nn.Linear(HIDDEN, classes, bias=False),
    )
