"""The compiled integration as operators of torch: one call forwards, one back through time, no graph per step.

``hxtorch::integrate`` is :func:`hxtorch.spiking.functional.steps.loop.integrate` for CPU tensors in float32 and
float64.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from hxtorch.spiking._kernels.steps import integration
from hxtorch.spiking._memory import empty_like
from hxtorch.spiking.errors import TensorValueError
from hxtorch.spiking.functional.operands import Operands, contiguous, require_saved
from hxtorch.spiking.functional.steps.compiled import traced
from hxtorch.spiking.functional.steps.constants import ROWS
from hxtorch.spiking.functional.steps.operators import address, define, differentiate, refuse_double_backward
from hxtorch.spiking.functional.surrogates.derivatives import SURROGATES

NOTHING, INPUT, CONSTANTS = range(3)
"""What the way back will need: nothing, gradients of the input, gradients of the constants too."""

GRADIENTS = ("grad_spikes", "grad_membrane", "grad_current", "grad_adaptation")
"""Of the outputs, in the order of the operators' arguments."""

FORWARD = "integrate with the 'keeps' that the gradients need: 1 for the input's, 2 for those of the constants too"
"""What to do where something for the way back is missing."""


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
    recorded = [contiguous(trace) for trace in (spikes_hw, membrane_hw, adaptation_hw)]
    input, constants = input.contiguous(), constants.contiguous()
    spikes = new(input) if fire else input.new_empty(0)
    membrane = new(input) if traces or not fire else input.new_empty(0)
    current = new(input) if traces or keeps == CONSTANTS else input.new_empty(0)
    adaptation = new(input) if full and (traces or keeps == CONSTANTS) else input.new_empty(0)
    lean = _lean(fire, full, keeps, recorded)
    before = new(input) if keeps and not lean and (fire or full or keeps == CONSTANTS) else input.new_empty(0)
    events = new(input, torch.uint8) if fire and keeps and not lean else input.new_empty(0, dtype=torch.uint8)
    if new is empty_like:
        spikes_at, membrane_at, adaptation_at = map(address, recorded)
        integration.forward(
            input.dtype == torch.float64,
            fire,
            full,
            input.shape[0],
            input.shape[1] * input.shape[2],
            constants.shape[1],
            constants.data_ptr(),
            spikes_at,
            membrane_at,
            adaptation_at,
            input.data_ptr(),
            spikes.data_ptr(),
            membrane.data_ptr(),
            current.data_ptr(),
            adaptation.data_ptr(),
            before.data_ptr(),
            events.data_ptr(),
            torch.get_num_threads(),
        )
    return spikes, membrane, current, adaptation, before, events


def _checked_forward(
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
    """Refuse operands that do not belong together, and do what :func:`_forward` does."""
    operands = Operands("integrate", new is empty_like)
    dtype = operands.floating("input", input, "time, batch, neuron")
    whole = input.shape
    operands.extents("input", whole)
    operands.choice("surrogate", surrogate, len(SURROGATES))
    operands.choice("keeps", keeps, CONSTANTS + 1)
    operands.numbers("input", input, dtype, whole)
    operands.constants(constants, dtype, len(ROWS), whole[1:])
    operands.maybe(("spikes_hw", "membrane_hw", "adaptation_hw"), (spikes_hw, membrane_hw, adaptation_hw), dtype, whole)
    shown = spikes_hw, membrane_hw, adaptation_hw
    return _forward(input, constants, *shown, fire, full, surrogate, alpha, traces, keeps, new)


def _lean(fire: bool, full: bool, keeps: int, recorded: Sequence[Tensor | None]) -> bool:
    """Return whether the way back computes membranes again from the input: in the case that is met most."""
    if not fire or full or keeps != INPUT:
        return False
    spikes, membrane, adaptation = recorded
    return spikes is membrane is adaptation is None


def _backward(
    grad_spikes: Tensor | None,
    grad_membrane: Tensor | None,
    grad_current: Tensor | None,
    grad_adaptation: Tensor | None,
    constants: Tensor,
    input: Tensor | None,
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
    gradients = [contiguous(one) for one in (grad_spikes, grad_membrane, grad_current, grad_adaptation)]
    constants = constants.contiguous()
    input, before, events = contiguous(input), before.contiguous(), events.contiguous()
    current, adaptation = current.contiguous(), adaptation.contiguous()
    dtype = constants.dtype
    double, threads = dtype == torch.float64, torch.get_num_threads()
    lanes = shape[1] * shape[2]
    grad_input = new(constants, shape=shape) if to_input else constants.new_empty(0)
    grad_lanes = constants.new_zeros((constants.shape[0], lanes)) if to_constants else constants.new_empty(0)
    if new is empty_like:
        to_spikes, to_membrane, to_current, to_adaptation = map(address, gradients)
        room = 0 if input is None else integration.scratch_size(double, shape[0], threads)
        scratch = new(constants, torch.uint8, (room,))
        integration.backward(
            double,
            fire,
            full,
            shape[0],
            lanes,
            constants.shape[1],
            constants.data_ptr(),
            address(input),
            address(membrane_hw),
            address(before),
            address(events),
            address(current),
            address(adaptation),
            surrogate,
            alpha,
            to_spikes,
            to_membrane,
            to_current,
            to_adaptation,
            address(grad_input),
            address(grad_lanes),
            address(scratch),
            threads,
        )
    if to_constants:
        grad_lanes = grad_lanes.reshape(constants.shape[0], -1, constants.shape[1]).sum(1)
    return grad_input, grad_lanes


def _checked_backward(
    grad_spikes: Tensor | None,
    grad_membrane: Tensor | None,
    grad_current: Tensor | None,
    grad_adaptation: Tensor | None,
    constants: Tensor,
    input: Tensor | None,
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
    """Refuse operands that do not belong together, and do what :func:`_backward` does."""
    operands = Operands("integrate_backward", new is empty_like)
    dtype = operands.floating("constants", constants, "row, lane")
    operands.extents("shape", shape)
    operands.choice("surrogate", surrogate, len(SURROGATES))
    whole = tuple(shape)
    operands.constants(constants, dtype, len(ROWS), whole[1:])
    gradients = grad_spikes, grad_membrane, grad_current, grad_adaptation
    operands.gradients(GRADIENTS, gradients, dtype, whole)
    operands.maybe(("membrane_hw", "input"), (membrane_hw, input), dtype, whole)
    if input is not None and (not fire or full or to_constants or membrane_hw is not None):
        raise TensorValueError(
            f"{operands.at('input')}: got one, wanted None; only spikes without other terms, recordings and gradients "
            f"of constants are computed again; {FORWARD}"
        )
    kept = input is None
    operands.needed("before", before, dtype, whole, kept and (fire or full or to_constants), FORWARD)
    operands.needed("events", events, torch.uint8, whole, kept and fire, FORWARD)
    operands.needed("current", current, dtype, whole, to_constants, FORWARD)
    operands.needed("adaptation", adaptation, dtype, whole, to_constants and full, FORWARD)
    return _backward(
        grad_spikes,
        grad_membrane,
        grad_current,
        grad_adaptation,
        constants,
        input,
        membrane_hw,
        before,
        events,
        current,
        adaptation,
        shape,
        fire,
        full,
        surrogate,
        alpha,
        to_input,
        to_constants,
        new,
    )


def _described(like: Tensor, dtype: torch.dtype | None = None, shape: Any = None) -> Tensor:
    return like.new_empty(like.shape if shape is None else shape, dtype=dtype)


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    input, constants, spikes_hw, membrane_hw, adaptation_hw, fire, full, surrogate, alpha, _, keeps = inputs
    *_, current, adaptation, before, events = output
    if keeps != CONSTANTS:
        current = adaptation = before.new_empty(0)
    again = input if _lean(fire, full, keeps, (spikes_hw, membrane_hw, adaptation_hw)) else None
    ctx.save_for_backward(constants, again, membrane_hw, before, events, current, adaptation)
    ctx.settings = list(input.shape), fire, full, surrogate, alpha
    ctx.mark_non_differentiable(before, events)
    ctx.set_materialize_grads(False)


def _adjoint(ctx: Any, *gradients: Tensor | None, checked: bool = True) -> tuple[Tensor | None, ...]:
    refuse_double_backward("integration")
    saved = ctx.saved_tensors  # read once: checkpointing computes them again for each reading
    if all(gradient is None for gradient in gradients[:4]):
        return (None,) * 11
    to_input, to_constants = ctx.needs_input_grad[:2]
    back: Callable[..., tuple[Tensor, Tensor]] = torch.ops.hxtorch.integrate_backward
    if not (checked or traced(saved[0])):
        constants, input, _, *kept = saved
        require_saved("integration", constants.dtype, ctx.settings[0], (*kept, input))
        back = _backward
    grad_input, grad_constants = back(*gradients[:4], *saved, *ctx.settings, to_input, to_constants)
    return grad_input if to_input else None, grad_constants if to_constants else None, *[None] * 9


define(
    "integrate(Tensor input, Tensor constants, Tensor? spikes_hw, Tensor? membrane_hw, Tensor? adaptation_hw, "
    "bool fire, bool full, int surrogate, float alpha, bool traces, int keeps) "
    "-> (Tensor spikes, Tensor membrane, Tensor current, Tensor adaptation, Tensor before, Tensor events)",
    _checked_forward,
    partial(_checked_forward, new=_described),
)
define(
    "integrate_backward(Tensor? grad_spikes, Tensor? grad_membrane, Tensor? grad_current, Tensor? grad_adaptation, "
    "Tensor constants, Tensor? input, Tensor? membrane_hw, Tensor before, Tensor events, Tensor current, "
    "Tensor adaptation, SymInt[] shape, bool fire, bool full, int surrogate, float alpha, bool to_input, "
    "bool to_constants) "
    "-> (Tensor grad_input, Tensor grad_constants)",
    _checked_backward,
    partial(_checked_backward, new=_described),
)
DIRECT = differentiate("integrate", _forward, _keep, _adjoint)
"""The same as :data:`OPERATOR` the shortest way, for tensors that no compiler traces."""

OPERATOR: Callable[..., tuple[Tensor, ...]] = torch.ops.hxtorch.integrate.default
"""``hxtorch::integrate``; the outputs beyond the traces are what the way back needs."""
