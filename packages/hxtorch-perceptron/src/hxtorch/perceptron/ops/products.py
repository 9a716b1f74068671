"""The two registered operators that everything multiplies with: products on the chip and products of the mock model.

Both take a batch of matrices at once, so that all of it is checked before anything is sent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from hxtorch.core import ProgramError
from hxtorch.core.memory import require_memory
from hxtorch.perceptron import chip, constants
from hxtorch.perceptron.mock.product import fused_product, mock_product
from hxtorch.perceptron.operands import ACTIVATIONS, WEIGHTS, as_result
from hxtorch.perceptron.ops.linear_model import gradients, keep_operands
from hxtorch.perceptron.recording import MembraneRecording

_NAMESPACE = "hxtorch_perceptron"
_PLAIN = Tensor, torch.nn.Parameter
_GAINS = (2, constants.hardware_matrix_width)
_LIBRARY = torch.library.Library(_NAMESPACE, "DEF")  # type: ignore[no-untyped-call]


def multiply_on_chip(
    x: Tensor, weights: Tensor, gain: Tensor, num_sends: int, wait_between_events: int, madc_neuron: int, madc_path: str
) -> Tensor:
    """Multiply on the chip of the current session; operands move to the processor as bytes, results back.

    Args:
        x: Values that round to 0..31, half away from zero, shape (matrices, batch, rows).
        weights: Values that round to -63..63, shape (matrices, rows, columns).
        gain: For the gradient, see :func:`~hxtorch.perceptron.ops.linear_model.gradients`.
        num_sends: How often to send x.
        wait_between_events: Cycles between events.
        madc_neuron: Neuron whose membrane is appended to the file ``madc_path``, unless that is empty.
        madc_path: See ``madc_neuron``.

    Returns:
        Integers -128..127 in the dtype and on the device of x, shape (matrices, batch, columns).
    """
    check_operands("chip_products", x, weights, gain, num_sends)
    if wait_between_events < 1:
        raise ProgramError(
            f"wait_between_events of {_NAMESPACE}::chip_products: got {wait_between_events}, wanted 1 or more"
        )
    activations, matrices = ACTIVATIONS.integers(x, "half_away"), WEIGHTS.integers(weights, "half_away")
    if x.shape[1] == 0:
        return x.new_empty(*x.shape[:2], weights.shape[2])
    require_room("products", x, len(x) * weights.shape[2], x.shape[1])
    recording = MembraneRecording(madc_neuron, madc_path) if madc_path else None
    return _together(
        as_result(chip.multiply(vectors, matrix, num_sends, wait_between_events, recording), x)
        for vectors, matrix in zip(activations, matrices, strict=True)
    )


def multiply_one_on_chip(
    x: Tensor, weights: Tensor, num_sends: int, wait_between_events: int, madc_neuron: int, madc_path: str
) -> Tensor:
    """Multiply x (batch, rows) with weights (rows, columns) that fit, as :func:`multiply_on_chip` does with many."""
    activations, matrix = ACTIVATIONS.integers(x, "half_away"), WEIGHTS.integers(weights, "half_away")
    batch, columns = len(activations), weights.shape[1]
    if batch == 0:
        return x.new_empty(batch, columns)
    require_room("products", x, columns, batch)
    recording = MembraneRecording(madc_neuron, madc_path) if madc_path else None
    return as_result(chip.multiply(activations, matrix, num_sends, wait_between_events, recording), x)


def multiply_by_model(
    x: Tensor, weights: Tensor, gain: Tensor, num_sends: int, noise_std: float, event_noise_std: float = 0.0
) -> Tensor:
    """Multiply by the mock model; arguments and result as in :func:`multiply_on_chip`, but halves round to even.

    What is float32 on the processor takes the compiled loop, everything else the model as torch computes it.
    """
    check_operands("mock_products", x, weights, gain, num_sends)
    check_noise("mock_products", noise_std, event_noise_std)
    require_room("products in mock mode", x, len(x) * weights.shape[2], x.shape[1])
    if x.device.type == "cpu" and x.dtype == torch.float32:
        activations, matrices = ACTIVATIONS.integers(x, "half_even"), WEIGHTS.integers(weights, "half_even")
        results = [
            fused_product(vectors, matrix, gain, noise_std, num_sends, event_noise_std)
            for vectors, matrix in zip(activations, matrices, strict=True)
        ]
    else:
        ACTIVATIONS.check(x, "half_even")
        WEIGHTS.check(weights, "half_even")
        precise = torch.promote_types(x.dtype, torch.float32)
        results = [
            mock_product(vectors, matrix, gain, noise_std, num_sends, event_noise_std)
            for vectors, matrix in zip(x.to(precise), weights.to(precise), strict=True)
        ]
    return _together(results).to(x.dtype)


def _together(results: Iterable[Tensor]) -> Tensor:
    """Return results of pairs as one tensor, without a copy if there is one pair."""
    found = list(results)
    return found[0][None] if len(found) == 1 else torch.stack(found)


def unseen(x: Tensor, weights: Tensor) -> bool:
    """Tell whether nobody looks at a product: no gradient, no trace, no transform.

    Then what computes it may be called, which takes a fraction of the time of torch's way to an operator.
    """
    if type(x) not in _PLAIN or type(weights) not in _PLAIN or torch.compiler.is_compiling():
        return False
    if torch.is_grad_enabled() and (x.requires_grad or weights.requires_grad):
        return False
    return not (
        torch._C._are_functorch_transforms_active()
        or forward_ad._current_level >= 0
        or torch._C._len_torch_dispatch_stack()
    )


def require_room(what: str, x: Tensor, numbers: int, batch: int) -> None:
    """Refuse results that do not fit into memory.

    Args:
        what: Makes them, for messages.
        x: Activations, of the type of the results.
        numbers: Results of one batch entry.
        batch: How many entries there are.

    Raises:
        MemoryLimitError: Says how many entries would fit.
    """
    if x.is_cpu:
        require_memory(what, numbers * x.itemsize, batch, "multiply less at once")


def check_noise(operator: str, noise_std: float, event_noise_std: float) -> None:
    """Refuse deviations that are negative or have no end."""
    for name, deviation in (("noise_std", noise_std), ("event_noise_std", event_noise_std)):
        if not 0 <= deviation < math.inf:
            raise ProgramError(f"{name} of {_NAMESPACE}::{operator}: got {deviation}, wanted a finite number from 0 on")


def check_operands(operator: str, x: Tensor, weights: Tensor, gain: Tensor, num_sends: int) -> None:
    """Refuse operands that do not belong together.

    Raises:
        ProgramError: Says which argument of the operator, what came and what is wanted.
    """
    check_types(operator, x, weights, gain, num_sends)
    shapes = f"got x {tuple(x.shape)} and weights {tuple(weights.shape)}"
    if x.ndim != 3 or weights.ndim != 3 or x.shape[::2] != weights.shape[:2] or 0 in weights.shape:
        raise ProgramError(
            f"{_NAMESPACE}::{operator}: {shapes}, wanted (matrices, batch, rows) and (matrices, rows, columns), none "
            "but the batch empty"
        )


def check_types(operator: str, x: Tensor, weights: Tensor, gain: Tensor, num_sends: int) -> None:
    """Refuse operands of other types than a product takes, and a gain that is none."""
    for name, tensor in (("x", x), ("weights", weights), ("gain", gain)):
        if tensor is None:  # which torch takes for a tensor
            raise ProgramError(f"{name} of {_NAMESPACE}::{operator}: got None, wanted a tensor")
        if tensor.layout is not torch.strided or not tensor.is_floating_point():
            got = f"got {tensor.dtype}, {tensor.layout}"
            raise ProgramError(f"{name} of {_NAMESPACE}::{operator}: {got}, wanted floating point, dense")
    if x.dtype != weights.dtype or x.device != weights.device:
        raise ProgramError(
            f"{_NAMESPACE}::{operator}: got x of {x.dtype} on {x.device} and weights of {weights.dtype} on "
            f"{weights.device}, wanted the same type and device"
        )
    if gain.shape not in ((), _GAINS):
        raise ProgramError(f"gain of {_NAMESPACE}::{operator}: got shape {tuple(gain.shape)}, wanted () or {_GAINS}")
    if not 1 <= num_sends < 2**32:
        raise ProgramError(f"num_sends of {_NAMESPACE}::{operator}: got {num_sends}, wanted 1 to {2**32 - 1}")


def _shape_only(x: Tensor, weights: Tensor, gain: Tensor, num_sends: int, *_: object) -> Tensor:
    check_operands("products", x, weights, gain, num_sends)
    return x.new_empty(*x.shape[:2], weights.shape[2])


def register(
    name: str,
    arguments: str,
    function: Callable[..., Tensor],
    shape_only: Callable[..., Tensor],
    backward: Callable[..., Any],
    keep: Callable[..., None],
) -> Callable[..., Tensor]:
    """Make ``function`` an operator.

    Not by ``torch.library.custom_op``, whose first call imports the compiler, which takes a second.
    """
    _LIBRARY.define(f"{name}(Tensor x, Tensor weights, Tensor gain, int num_sends, {arguments}) -> Tensor")  # type: ignore[no-untyped-call]
    _LIBRARY.impl(name, function, "CompositeExplicitAutograd")  # type: ignore[no-untyped-call]
    qualified = f"{_NAMESPACE}::{name}"
    torch.library.register_fake(qualified, shape_only, lib=_LIBRARY)
    torch.library.register_autograd(qualified, backward, setup_context=keep, lib=_LIBRARY)
    operator: Callable[..., Tensor] = getattr(getattr(torch.ops, _NAMESPACE), name).default
    return operator


chip_products = register(
    "chip_products",
    "int wait_between_events, int madc_neuron, str madc_path",
    multiply_on_chip,
    _shape_only,
    gradients,
    keep_operands,
)
mock_products = register(
    "mock_products",
    "float noise_std, float event_noise_std=0.0",
    multiply_by_model,
    _shape_only,
    gradients,
    keep_operands,
)
