"""Registered operators of convolutions: products whose rows are gathered from images, without a copy of all patches."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hxtorch.perceptron import chip
from hxtorch.perceptron._kernels.operands.integers import arrange
from hxtorch.perceptron.errors import OperandShapeError
from hxtorch.perceptron.mock.gain import synapse_gain
from hxtorch.perceptron.mock.product import fused_product, mock_product
from hxtorch.perceptron.operands import ACTIVATIONS, WEIGHTS, Rounding
from hxtorch.perceptron.ops.convolutions.geometry import Geometry
from hxtorch.perceptron.ops.products import check_noise, check_types, register, require_room

_LONGEST = 1 << 31  # no axis is
_ARGUMENTS = "int[] stride, int[] dilation, int groups"


def _chip_convolution(
    x: Tensor,
    weights: Tensor,
    gain: Tensor,
    num_sends: int,
    stride: list[int],
    dilation: list[int],
    groups: int,
    wait_between_events: int,
) -> Tensor:
    """Convolve on the chip of the current session.

    Args:
        x: Values that round to 0..31, half away from zero, shape (batch, channels, axes), padded.
        weights: Values that round to -63..63, shape (out channels, channels / groups, kernel).
        gain: For the gradient.
        num_sends: How often to send each patch.
        stride: For each axis.
        dilation: For each axis.
        groups: Blocks of channels.
        wait_between_events: Cycles between events.

    Returns:
        Integers -128..127 in the dtype and on the device of x, shape (batch, out channels, positions).
    """
    check_types("chip_convolution", x, weights, gain, num_sends)
    geometry = _geometry(x, weights, stride, dilation, groups)
    _require_room(x, weights, geometry)
    images, matrices = _integers(x, weights, groups, "half_away")
    result = _empty(x, weights, geometry)
    for group, places in enumerate(_patches(geometry, weights)):
        if not len(x):
            break
        values = chip.multiply_patches(images, matrices[group], places, num_sends, wait_between_events)
        part = result[:, group]
        if result.dtype == torch.float32 and groups == 1:
            arrange(values, part.numpy(), torch.get_num_threads())
        else:
            part.copy_(torch.from_numpy(values).view(len(x), part.shape[2], part.shape[1]).mT)
    return _shaped(result, x, weights, geometry)


def _mock_convolution(
    x: Tensor,
    weights: Tensor,
    gain: Tensor,
    num_sends: int,
    stride: list[int],
    dilation: list[int],
    groups: int,
    noise_std: float,
    event_noise_std: float,
) -> Tensor:
    """Convolve by the mock model; arguments and result as in :func:`_chip_convolution`, but halves round to even."""
    check_types("mock_convolution", x, weights, gain, num_sends)
    check_noise("mock_convolution", noise_std, event_noise_std)
    geometry = _geometry(x, weights, stride, dilation, groups)
    _require_room(x, weights, geometry)
    if x.device.type == "cpu" and x.dtype == torch.float32:
        images, matrices = _integers(x, weights, groups, "half_even")
        parts = [
            fused_product(images, matrix, gain, noise_std, num_sends, event_noise_std, places)
            for matrix, places in zip(matrices, _patches(geometry, weights), strict=True)
        ]
        return _shaped(parts[0] if groups == 1 else torch.cat(parts, 1), x, weights, geometry)
    ACTIVATIONS.check(x, "half_even")
    WEIGHTS.check(weights, "half_even")
    precise = torch.promote_types(x.dtype, torch.float32)
    pairs = zip(geometry.vectors(x.to(precise)), geometry.matrices(weights.to(precise)), strict=True)
    results = [mock_product(*pair, gain, noise_std, num_sends, event_noise_std) for pair in pairs]
    return geometry.images(torch.stack(results)).to(x.dtype)


def _geometry(x: Tensor, weights: Tensor, stride: list[int], dilation: list[int], groups: int) -> Geometry:
    """Return where patches lie; refuses operands that do not belong together by name."""
    axes = x.ndim - 2
    if axes < 1 or weights.ndim != x.ndim or 0 in (*weights.shape, *x.shape[1:]):
        raise OperandShapeError(
            f"x and weights of a convolution: got shapes {tuple(x.shape)} and {tuple(weights.shape)}, wanted "
            "(batch, channels, axes) and (out channels, channels / groups, kernel), none but the batch empty"
        )
    if math.prod(x.shape[1:]) >= _LONGEST:
        raise OperandShapeError(
            f"x of a convolution: got shape {tuple(x.shape)}, wanted less than 2^31 values in an entry of the batch"
        )
    for name, steps in (("stride", stride), ("dilation", dilation)):
        if len(steps) != axes or not all(1 <= step < _LONGEST for step in steps):
            raise OperandShapeError(
                f"{name} of a convolution: got {steps}, wanted {axes} of 1 or more, one for an axis"
            )
    if groups < 1 or x.shape[1] != groups * weights.shape[1] or weights.shape[0] % groups:
        raise OperandShapeError(
            f"groups, x and weights of a convolution: got {groups} and shapes {tuple(x.shape)} and "
            f"{tuple(weights.shape)}, wanted blocks of channels and of out channels"
        )
    return Geometry(tuple(x.shape[2:]), tuple(weights.shape[2:]), tuple(stride), tuple(dilation), groups)


def _require_room(x: Tensor, weights: Tensor, geometry: Geometry) -> None:
    """Refuse images whose results do not fit into memory."""
    require_room("convolution", x, weights.shape[0] * math.prod(geometry.positions), len(x))


def _integers(x: Tensor, weights: Tensor, groups: int, rounding: Rounding) -> tuple[np.ndarray, np.ndarray]:
    """Return images (batch, values) and kernels as matrices (groups, rows, columns), as the kernels take them."""
    images, kernels = ACTIVATIONS.integers(x, rounding), WEIGHTS.integers(weights, rounding)
    rows = kernels.reshape(groups, len(kernels) // groups, -1)
    return images.reshape(len(images), math.prod(images.shape[1:])), np.ascontiguousarray(rows.transpose(0, 2, 1))


def _patches(geometry: Geometry, weights: Tensor) -> list[Any]:
    """Return where the patches of each group lie."""
    share = weights.shape[1]
    starts, offsets = geometry.places(share)
    size = share * math.prod(geometry.lengths)
    return [(starts, offsets + group * size) for group in range(geometry.groups)]


def _empty(x: Tensor, weights: Tensor, geometry: Geometry) -> Tensor:
    """Return room for results on the processor, (batch, groups, columns, patches)."""
    groups = geometry.groups
    return torch.empty(len(x), groups, weights.shape[0] // groups, math.prod(geometry.positions), dtype=x.dtype)


def _shaped(result: Tensor, x: Tensor, weights: Tensor, geometry: Geometry) -> Tensor:
    """Return results (batch, ..., patches) as (batch, out channels, positions) where ``x`` is."""
    return result.to(x.device).reshape(len(x), len(weights), *geometry.positions)


def _shape_only(x: Tensor, weights: Tensor, gain: Tensor, num_sends: int, *arguments: Any) -> Tensor:
    geometry = _geometry(x, weights, *arguments[:3])
    return x.new_empty(len(x), weights.shape[0], *geometry.positions)


def _keep(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    """Keep what :func:`_gradients` needs."""
    ctx.save_for_backward(*inputs[:3])
    ctx.num_sends, ctx.stride, ctx.dilation, ctx.groups = inputs[3:7]
    ctx.rest = len(inputs) - 2


def _gradients(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    """Differentiate the convolution with ``num_sends * gain * weights``, unrounded and unclamped."""
    x, weights, gain = ctx.saved_tensors
    columns, none = weights.shape[0] // ctx.groups, [0] * len(ctx.stride)
    slope = (ctx.num_sends * synapse_gain(gain, weights[0].numel(), columns)).to(gradient)
    if slope.dim():
        slope = slope.mT.repeat(ctx.groups, 1).reshape(weights.shape)
    of_x, of_weights, _ = torch.ops.aten.convolution_backward(
        gradient, x, weights * slope, None, ctx.stride, none, ctx.dilation, False, none, ctx.groups,
        [*ctx.needs_input_grad[:2], False],
    )  # fmt: skip
    return of_x, None if of_weights is None else of_weights * slope, *[None] * ctx.rest


chip_convolution = register(
    "chip_convolution",
    f"{_ARGUMENTS}, int wait_between_events",
    _chip_convolution,
    _shape_only,
    _gradients,
    _keep,
)
mock_convolution = register(
    "mock_convolution",
    f"{_ARGUMENTS}, float noise_std, float event_noise_std",
    _mock_convolution,
    _shape_only,
    _gradients,
    _keep,
)
