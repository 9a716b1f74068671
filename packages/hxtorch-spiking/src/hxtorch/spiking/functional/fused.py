"""The compiled integration as operators of torch: one call forwards, one back through time, no graph per step.

``hxtorch::integrate`` is :func:`hxtorch.spiking.functional.loop.integrate` for CPU tensors in float32 and float64.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from hxtorch.spiking._kernels import integration
from hxtorch.spiking._memory import empty_like
from hxtorch.spiking.errors import ExperimentError
from hxtorch.spiking.functional.compiled import LIBRARY, address

NOTHING, INPUT, CONSTANTS = range(3)
"""What the way back will need: nothing, gradients of the input, gradients of the constants too."""

LIBRARY.define(
    "integrate(Tensor input, Tensor constants, Tensor? spikes_hw, Tensor? membrane_hw, Tensor? adaptation_hw, bool fire, "
    "bool full, int surrogate, float alpha, bool traces, int keeps) "
    "-> (Tensor spikes, Tensor membrane, Tensor current, Tensor adaptation, Tensor before, Tensor events)",
    tags=(torch.Tag.pt2_compliant_tag,),
)
LIBRARY.define(
    "integrate_backward(Tensor? grad_spikes, Tensor? grad_membrane, Tensor? grad_current, Tensor? grad_adaptation, "
    "Tensor constants, Tensor? membrane_hw, Tensor before, Tensor events, Tensor current, Tensor adaptation, "
    "SymInt[] shape, bool fire, bool full, int surrogate, float alpha, bool to_input, bool to_constants) "
    "-> (Tensor grad_input, Tensor grad_constants)",
    tags=(torch.Tag.pt2_compliant_tag,),
)


def _forward(
    input: Tensor,
    constants: Tensor,
    spikes_hw: Tensor | None,
    membrane_hw: Tensor | None,
    adaptation_hw: Tensor | None,
    fire: bool,
    full: bool,
    surrogate: int,
    alpha: float,
    traces: bool,
    keeps: int,
    new: Any = empty_like,
) -> tuple[Tensor, ...]:
    """Return outputs, and what the way back needs; empty where nothing is wanted."""
    recorded = [None if trace is None else trace.contiguous() for trace in (spikes_hw, membrane_hw, adaptation_hw)]
    input, constants = input.contiguous(), constants.contiguous()
    absent = input.new_empty(0)
    spikes = new(input) if fire else absent
    membrane = new(input) if traces or not fire else input.new_empty(0)
    current = new(input) if traces or keeps == CONSTANTS else input.new_empty(0)
    adaptation = new(input) if full and (traces or keeps == CONSTANTS) else input.new_empty(0)
    before = new(input) if keeps and (fire or full or keeps == CONSTANTS) else input.new_empty(0)
    events = new(input, torch.uint8) if fire and keeps else input.new_empty(0, dtype=torch.uint8)
    if new is empty_like:
        integration.forward(
            input.dtype == torch.float64,
            fire,
            full,
            input.shape[0],
            input.shape[1] * input.shape[2],
            constants.shape[1],
            constants.data_ptr(),
            *map(address, recorded),
            input.data_ptr(),
            *map(address, (spikes, membrane, current, adaptation, before, events)),
            torch.get_num_threads(),
        )
    return spikes, membrane, current, adaptation, before, events


def _backward(
    grad_spikes: Tensor | None,
    grad_membrane: Tensor | None,
    grad_current: Tensor | None,
    grad_adaptation: Tensor | None,
    constants: Tensor,
    membrane_hw: Tensor | None,
    before: Tensor,
    events: Tensor,
    current: Tensor,
    adaptation: Tensor,
    shape: list[int],
    fire: bool,
    full: bool,
    surrogate: int,
    alpha: float,
    to_input: bool,
    to_constants: bool,
    new: Any = empty_like,
) -> tuple[Tensor, Tensor]:
    """Return the gradients of input and constants, empty where they are not wanted."""
    gradients = [
        None if gradient is None or not gradient.numel() else gradient.contiguous()
        for gradient in (grad_spikes, grad_membrane, grad_current, grad_adaptation)
    ]
    membrane_hw = None if membrane_hw is None else membrane_hw.contiguous()
    constants = constants.contiguous()
    lanes = shape[1] * shape[2]
    grad_input = new(constants, shape=shape) if to_input else constants.new_empty(0)
    grad_lanes = constants.new_zeros((constants.shape[0], lanes)) if to_constants else constants.new_empty(0)
    if new is empty_like:
        integration.backward(
            constants.dtype == torch.float64,
            fire,
            full,
            shape[0],
            lanes,
            constants.shape[1],
            constants.data_ptr(),
            *map(address, (membrane_hw, before, events, current, adaptation)),
            surrogate,
            alpha,
            *map(address, (*gradients, grad_input, grad_lanes)),
            torch.get_num_threads(),
        )
    if to_constants:
        grad_lanes = grad_lanes.reshape(constants.shape[0], -1, constants.shape[1]).sum(1)
    return grad_input, grad_lanes


def _described(like: Tensor, dtype: torch.dtype | None = None, shape: Any = None) -> Tensor:
    return like.new_empty(like.shape if shape is None else shape, dtype=dtype)


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    input, constants, _, membrane_hw, _, fire, full, surrogate, alpha, _, keeps = inputs
    *_, current, adaptation, before, events = output
    if keeps != CONSTANTS:
        current = adaptation = before.new_empty(0)
    ctx.save_for_backward(constants, membrane_hw, before, events, current, adaptation)
    ctx.settings = list(input.shape), fire, full, surrogate, alpha
    ctx.mark_non_differentiable(before, events)
    ctx.set_materialize_grads(False)


def _adjoint(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
    if torch.is_grad_enabled() and not torch.compiler.is_compiling():
        raise ExperimentError(
            "integration: asked for gradients that can be differentiated again (create_graph), which the compiled steps do "
            "not have; integrate inside hxtorch.spiking.functional.step_by_step()"
        )
    arguments = (*gradients[:4], *ctx.saved_tensors, *ctx.settings, *ctx.needs_input_grad[:2])
    # The way through the dispatcher takes longer; only tracing needs it.
    plain = type(ctx.saved_tensors[0]) is Tensor
    grad_input, grad_constants = _backward(*arguments) if plain else torch.ops.hxtorch.integrate_backward(*arguments)
    to_input, to_constants = ctx.needs_input_grad[:2]
    return grad_input if to_input else None, grad_constants if to_constants else None, *[None] * 9


LIBRARY.impl("integrate", _forward, "CPU")
LIBRARY.impl("integrate_backward", _backward, "CPU")
torch.library.register_fake("hxtorch::integrate", lambda *arguments: _forward(*arguments, new=_described), lib=LIBRARY)
torch.library.register_fake(
    "hxtorch::integrate_backward", lambda *arguments: _backward(*arguments, new=_described), lib=LIBRARY
)
torch.library.register_autograd("hxtorch::integrate", _adjoint, setup_context=_keep, lib=LIBRARY)

OPERATOR = torch.ops.hxtorch.integrate.default
"""``hxtorch::integrate``; the outputs beyond the traces are what the way back needs."""
