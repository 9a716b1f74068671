"""Convolution layers."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from hxtorch.perceptron import constants
from hxtorch.perceptron.doors import checked
from hxtorch.perceptron.nn.mac_layer import MACLayer, Transform
from hxtorch.perceptron.nn.transforms import clamp_weight_
from hxtorch.perceptron.ops.convolutions.convolve import convolve
from hxtorch.perceptron.ops.convolutions.padding import padded


class ConvNd(MACLayer):
    """Convolution in the analog core; its parameters are those of the torch layer beside it among the bases, in LSB."""

    padding: str | tuple[int, ...]
    kernel_size: tuple[int, ...]
    dilation: tuple[int, ...]
    stride: tuple[int, ...]
    groups: int
    padding_mode: Any
    num_expansions = 1

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        padding: int | str | tuple[int, ...] = 0,
        dilation: int | tuple[int, ...] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        num_sends: int | None = None,
        wait_between_events: int = constants.defaults.wait_between_events,
        mock: bool = False,
        *,
        input_transform: Transform | None = None,
        weight_transform: Transform | None = clamp_weight_,
    ) -> None:
        """Build the layer; arguments as torch's convolution layers have them, then those of :class:`MACLayer`."""
        super().__init__(
            num_sends,
            wait_between_events,
            mock,
            input_transform=input_transform,
            weight_transform=weight_transform,
            in_channels=in_channels,
            out_channels=out_channels,
            kernel_size=kernel_size,
            stride=stride,
            padding=padding,
            dilation=dilation,
            groups=groups,
            bias=bias,
            padding_mode=padding_mode,
        )

    def forward(self, input: Tensor) -> Tensor:
        """Convolve.

        Args:
            input: Activations that round to 0..31 LSB, shape (batch, channels, ...) or (channels, ...).

        Returns:
            Shape as torch gives it, within -128..127; integers unless biased.
        """
        with self._named_in_errors():
            x, weight = self._operands(input)
            return convolve(
                x,
                weight,
                self.bias,
                self.stride,
                self.dilation,
                self.groups,
                self.num_sends,
                self.wait_between_events,
                self.mock,
                axes=len(self.kernel_size),
                copies=self.num_expansions,
                padded=self._padded,
            )

    def _padded(self, images: Tensor) -> Tensor:
        """Pad inputs (batch, channels, ...)."""
        return padded(images, self.padding, self.kernel_size, self.dilation, self.padding_mode)


@checked
class Conv1d(ConvNd, torch.nn.Conv1d):
    """Convolution along one axis, see :func:`~hxtorch.perceptron.conv1d`."""


@checked
class Conv2d(ConvNd, torch.nn.Conv2d):
    """Convolution along two axes, see :func:`~hxtorch.perceptron.conv2d`."""
