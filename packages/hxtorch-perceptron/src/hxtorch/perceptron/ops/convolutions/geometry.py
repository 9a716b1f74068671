"""How a convolution becomes a matrix product: patches of the input are vectors, kernels are columns."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad, unfold

from hxtorch.core import ProgramError


@dataclass(frozen=True)
class Geometry:
    """Sizes of a convolution along one or two axes.

    Attributes:
        lengths: Axes of the padded input.
        kernel: Elements of the kernel along each axis.
        stride: Step between patches along each axis.
        dilation: Step between elements of the kernel along each axis.
        groups: Blocks of channels that see only each other.
        copies: Kernels side by side in one product, at neighbouring positions along the last axis.

    Raises:
        ProgramError: The kernel exceeds the input.
    """

    lengths: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int = 1
    copies: int = 1

    def __post_init__(self) -> None:
        if min(self.positions) < 1:
            raise ProgramError(
                f"convolution: kernel of extent {self.span}, by its size and dilation, exceeds input of {self.lengths}"
            )

    @property
    def span(self) -> tuple[int, ...]:
        """Extent of the kernel along each axis."""
        return tuple((size - 1) * step + 1 for size, step in zip(self.kernel, self.dilation, strict=True))

    @property
    def positions(self) -> tuple[int, ...]:
        """Positions of the kernel along each axis."""
        axes = zip(self.lengths, self.span, self.stride, strict=True)
        return tuple((length - extent) // step + 1 for length, extent, step in axes)

    @property
    def patches(self) -> tuple[int, ...]:
        """Patches along each axis; each serves all copies."""
        *others, last = self.positions
        return (*others, -(-last // self.copies))

    def places(self, channels: int) -> tuple[np.ndarray, np.ndarray]:
        """Return where patches of one copy begin in a flat input, and where their rows lie from there, int32.

        Args:
            channels: That a patch has, which lie behind each other.
        """
        starts = np.zeros(1, np.int64)
        offsets = np.arange(channels) * math.prod(self.lengths)
        for axis, (count, size) in enumerate(zip(self.positions, self.kernel, strict=True)):
            step = math.prod(self.lengths[axis + 1 :])
            starts = np.add.outer(starts, np.arange(count) * self.stride[axis] * step).ravel()
            offsets = np.add.outer(offsets, np.arange(size) * self.dilation[axis] * step).ravel()
        return starts.astype(np.int32), offsets.astype(np.int32)

    def vectors(self, images: Tensor) -> Tensor:
        """Cut padded inputs (batch, channels, axes) into patches: (groups, batch * patches, rows)."""
        (*kernel, _), (*strides, step), (*dilation, _) = self.kernel, self.stride, self.dilation
        extent = self.span[-1] + (self.copies - 1) * step
        if self.copies == 1:
            kernel, dilation = [*kernel, self.kernel[-1]], [*dilation, self.dilation[-1]]
        else:
            kernel, dilation = [*kernel, extent], [*dilation, 1]
        end = (self.patches[-1] - 1) * self.copies * step + extent  # the last copies may lie beyond the input
        images = pad(images, (0, max(0, end - self.lengths[-1])))
        strides = [*strides, self.copies * step]
        if images.dim() == 3:
            images, kernel, strides, dilation = images[:, :, None], [1, *kernel], [1, *strides], [1, *dilation]
        cut = unfold(images, tuple(kernel), tuple(dilation), stride=tuple(strides))
        batch, values, count = cut.shape
        grouped = cut.reshape(batch, self.groups, values // self.groups, count).permute(1, 0, 3, 2)
        return grouped.reshape(self.groups, batch * count, values // self.groups)

    def matrices(self, weight: Tensor) -> Tensor:
        """Turn kernels (out channels, channels / groups, axes) into matrices: (groups, rows, columns)."""
        outputs = weight.shape[0]
        if self.copies > 1:
            spaced = pad(weight[..., None], (0, self.dilation[-1] - 1)).flatten(-2)[..., : self.span[-1]]
            shifts = [copy * self.stride[-1] for copy in range(self.copies)]
            weight = torch.stack([pad(spaced, (shift, shifts[-1] - shift)) for shift in shifts], dim=1)
        return weight.reshape(self.groups, outputs // self.groups * self.copies, -1).mT

    def images(self, results: Tensor) -> Tensor:
        """Arrange results (groups, batch * patches, columns) as (batch, out channels, positions)."""
        channels = results.shape[-1] // self.copies
        batch = results.shape[1] // math.prod(self.patches)
        split = results.reshape(self.groups, batch, *self.patches, channels, self.copies)
        axes = range(2, 2 + len(self.patches))
        ordered = split.permute(1, 0, -2, *axes, -1)
        *others, last = self.patches
        images = ordered.reshape(batch, self.groups * channels, *others, last * self.copies)
        return images[..., : self.positions[-1]].contiguous()
