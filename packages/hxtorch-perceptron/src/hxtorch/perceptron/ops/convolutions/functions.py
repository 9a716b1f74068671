"""Convolutions in the analog core."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from torch import Tensor

from hxtorch.perceptron import constants
from hxtorch.perceptron.doors import checked
from hxtorch.perceptron.ops.convolutions.convolve import convolve
from hxtorch.perceptron.unbound import unbound

_checked = partial(checked, missing=("input", "weight"))  # products say themselves where NaN is


@unbound
@_checked
def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    num_sends: int = 1,
    wait_between_events: int = constants.defaults.wait_between_events,
    mock: bool = False,
    *,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor:
    """Convolve along one axis as ``torch.nn.functional.conv1d`` does, in the analog core.

    Args:
        input: Activations that round to 0..31 LSB, shape (batch, channels, length) or (channels, length).
        weight: Weights that round to -63..63 LSB, shape (out channels, channels / groups, kernel).
        bias: Added to the result in LSB, unrounded but saturating, shape (out channels,); or None.
        stride: Step between patches.
        num_sends: As in :func:`~hxtorch.perceptron.mac`, like the two that follow.
        wait_between_events: FPGA cycles of 8 ns.
        mock: Compute by the mock model.
        dilation: Step between the elements of the kernel.
        groups: Blocks of channels that see only each other.

    Returns:
        Shape (batch, out channels, positions) or (out channels, positions), within -128..127; integers unless biased.

    Raises:
        OverflowError, ValueError, NoConnectionError: As :func:`~hxtorch.perceptron.mac`.
    """
    return convolve(input, weight, bias, stride, dilation, groups, num_sends, wait_between_events, mock, axes=1)


@unbound
@_checked
def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    num_sends: int = 1,
    wait_between_events: int = constants.defaults.wait_between_events,
    mock: bool = False,
    *,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor:
    """Convolve along two axes as ``torch.nn.functional.conv2d`` does, in the analog core.

    Args:
        input: Shape (batch, channels, height, width) or (channels, height, width); all arguments as in :func:`conv1d`.
        weight: Shape (out channels, channels / groups, kernel height, kernel width).
        bias: Shape (out channels,) or None.
        stride: One number or one for each axis, like ``dilation``.
        num_sends: How often to send each patch.
        wait_between_events: FPGA cycles of 8 ns.
        mock: Compute by the mock model.
        dilation: Step between the elements of the kernel.
        groups: Blocks of channels.

    Returns:
        Shape (batch, out channels, rows, columns), without batch where ``input`` has none.

    Raises:
        OverflowError, ValueError, NoConnectionError: As :func:`~hxtorch.perceptron.mac`.
    """
    return convolve(input, weight, bias, stride, dilation, groups, num_sends, wait_between_events, mock, axes=2)


@unbound
@_checked
def expanded_conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    num_expansions: int = 1,
    num_sends: int = 1,
    wait_between_events: int = constants.defaults.wait_between_events,
    mock: bool = False,
    *,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor:
    """Convolve as :func:`conv1d` does, several positions in one product.

    The matrix holds ``num_expansions`` copies of the kernel, each moved on by ``stride``, so that one vector yields as
    many neighbouring positions: fewer runs and more of the synapse array in use. The copies sit on different synapses
    and columns and share their weights, so training cannot make up for the mismatch of one of them.

    Args:
        input: Shape (batch, channels, length) or (channels, length); arguments as in :func:`conv1d`.
        weight: Shape (out channels, channels / groups, kernel).
        bias: Shape (out channels,) or None.
        stride: Step between positions.
        num_expansions: Copies of the kernel, at least 1.
        num_sends: How often to send each vector.
        wait_between_events: FPGA cycles of 8 ns.
        mock: Compute by the mock model.
        dilation: Step between the elements of the kernel.
        groups: Blocks of channels.

    Returns:
        Shape as :func:`conv1d` gives it.

    Raises:
        OverflowError, ValueError, NoConnectionError: As :func:`~hxtorch.perceptron.mac`.
    """
    return convolve(
        input,
        weight,
        bias,
        stride,
        dilation,
        groups,
        num_sends,
        wait_between_events,
        mock,
        axes=1,
        copies=num_expansions,
    )
