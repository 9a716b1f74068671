"""One convolution from checks to bias, for all functions and layers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from hxtorch.core import Operation, ProgramError, Rearrangement
from hxtorch.perceptron.errors import OperandShapeError
from hxtorch.perceptron.mock.parameter import in_force
from hxtorch.perceptron.operands import require_tensors
from hxtorch.perceptron.ops.addition import biased
from hxtorch.perceptron.ops.convolutions.geometry import Geometry
from hxtorch.perceptron.ops.convolutions.products import chip_convolution, mock_convolution
from hxtorch.perceptron.ops.mac import check_product, in_types_of_the_chip, multiply, recorded
from hxtorch.perceptron.tracing import enter, leave, refuse


def convolve(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: int | Sequence[int],
    dilation: int | Sequence[int],
    groups: int,
    num_sends: int,
    wait_between_events: int,
    mock: bool,
    *,
    axes: int,
    copies: int = 1,
    padded: Callable[[Tensor], Tensor] = lambda images: images,
) -> Tensor:
    """Convolve along ``axes`` axes as :func:`~hxtorch.perceptron.expanded_conv1d` does along one.

    ``copies`` kernels stand side by side, and ``padded`` pads inputs (batch, channels, axes) before anything else.
    """
    _check(input, weight, bias, groups, copies, axes)
    steps, spreads = _per_axis("stride", stride, axes), _per_axis("dilation", dilation, axes)
    if groups > 1:
        refuse("a convolution in groups")
    enter(input, mock)
    images = padded(input if input.dim() == axes + 2 else input[None])
    geometry = Geometry(tuple(images.shape[2:]), tuple(weight.shape[2:]), steps, spreads, groups, copies)
    if copies == 1:
        results = _gathered(images, weight, geometry, num_sends, wait_between_events, mock)
    else:
        vectors, matrices = geometry.vectors(images), geometry.matrices(weight)
        results = geometry.images(multiply(vectors, matrices, num_sends, wait_between_events, mock))
    result = results if input.dim() == axes + 2 else results[0]

    def steps_taken() -> list[Operation]:
        """Return patches, product and arrangement for one entry of the batch."""
        matrix = recorded(geometry.matrices(weight)[0], num_sends, wait_between_events)
        entry = tuple(input.shape[-axes - 1 :])
        return [
            _moved(lambda image: geometry.vectors(padded(image)), entry),
            matrix,
            _moved(geometry.images, (math.prod(geometry.patches), matrix.weights.shape[1])),
        ]

    leave("mac", steps_taken, result)
    return result if bias is None else biased(result, bias.reshape(-1, *[1] * axes))


def _gathered(
    images: Tensor, weight: Tensor, geometry: Geometry, num_sends: int, wait_between_events: int, mock: bool
) -> Tensor:
    """Convolve without a copy of all patches; the bytes are those of a product with that copy."""
    images, weight = in_types_of_the_chip(images, weight)
    check_product(images, weight, num_sends, wait_between_events)
    parameter, gain = in_force()
    shape = list(geometry.stride), list(geometry.dilation), geometry.groups
    if mock:
        return mock_convolution(images, weight, gain, num_sends, *shape, parameter.noise_std, parameter.event_noise_std)
    return chip_convolution(images, weight, gain, num_sends, *shape, wait_between_events)


def _moved(function: Callable[[Tensor], Tensor], entry: tuple[int, ...]) -> Rearrangement:
    """Record how ``function`` moves the values of a batch with one ``entry``; the record knows no batch."""
    return Rearrangement.of(lambda values: function(torch.from_numpy(values)[None])[0].numpy(), entry)


def _check(input: Tensor, weight: Tensor, bias: Tensor | None, groups: int, copies: int, axes: int) -> None:
    """Refuse shapes that do not fit each other."""
    require_tensors(input=input, weight=weight, **({} if bias is None else {"bias": bias}))
    dims_fit = weight.dim() == axes + 2 and input.dim() in (axes + 1, axes + 2)
    if not dims_fit or 0 in (*weight.shape, *input.shape[-axes:]):
        raise OperandShapeError(
            f"convolution along {axes} axes: got input {tuple(input.shape)} and weight {tuple(weight.shape)}, wanted "
            f"{axes + 1} or {axes + 2} and {axes + 2} axes, none but the batch empty"
        )
    channels, (outputs, share) = input.shape[-axes - 1], weight.shape[:2]
    if not isinstance(groups, int) or groups < 1 or share * groups != channels or outputs % groups:
        raise OperandShapeError(
            f"convolution: got {channels} channels and weight {tuple(weight.shape)} in {groups} groups, wanted "
            "channels / groups as second axis of weight and a multiple of groups as first"
        )
    if bias is not None and bias.shape != (outputs,):
        raise OperandShapeError(f"bias: got shape {tuple(bias.shape)}, wanted ({outputs},)")
    if not isinstance(copies, int) or copies < 1:
        raise ProgramError(f"num_expansions: got {copies!r}, wanted an integer of at least 1")


def _per_axis(name: str, value: int | Sequence[int], axes: int) -> tuple[int, ...]:
    """Return ``value`` for each axis."""
    values = (value,) * axes if isinstance(value, int) else tuple(value)
    if len(values) != axes or any(not isinstance(number, int) or number < 1 for number in values):
        raise ProgramError(f"{name}: got {value!r}, wanted one integer of at least 1, or {axes}")
    return values
