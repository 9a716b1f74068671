"""The compiled integration of neurons that read their own spikes, as operators of torch.

``hxtorch::recur`` is :func:`hxtorch.spiking.functional.steps.loop.integrate` with a feedback by weights
(:class:`~hxtorch.spiking.functional.steps.feedback.Recurrence`), for CPU tensors in float32 and float64. The product
with the weights costs what the spikes cost, its adjoint is dense.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from hxtorch.spiking._kernels.steps import recurrence
from hxtorch.spiking._memory import empty_like
from hxtorch.spiking.functional.operands import Operands, contiguous, filled, require_saved
from hxtorch.spiking.functional.products import collect, find_for, padded
from hxtorch.spiking.functional.steps.compiled import traced
from hxtorch.spiking.functional.steps.fused import CONSTANTS, check_backward, check_forward, outputs
from hxtorch.spiking.functional.steps.operators import Some, address, define, differentiate, refuse_double_backward


def _forward(
    input: Tensor,
    weight: Tensor,
    constants: Tensor,
    spikes_hw: Tensor | None,
    membrane_hw: Tensor | None,
    adaptation_hw: Tensor | None,
    full: bool,
    surrogate: int,
    alpha: float,
    traces: bool,
    keeps: int,
    *,
    new: Any = empty_like,
) -> Some:
    """Return outputs, and what the way back needs; None where nothing is wanted."""
    recorded = [contiguous(trace) for trace in (spikes_hw, membrane_hw, adaptation_hw)]
    steps, batch, size = input.shape
    input = input.contiguous()
    found = outputs(input, True, full, traces, keeps, False, new)
    if new is empty_like:
        plain = not full and all(trace is None for trace in recorded)
        constants, rows, memory = _lanes(constants, (batch, size), plain), padded(weight.T), _memory(input)
        recurrence.forward(
            input.dtype == torch.float64,
            full,
            steps,
            batch,
            size,
            constants.shape[1],
            constants.data_ptr(),
            rows.data_ptr(),
            rows.shape[1],
            *[*map(address, recorded), *map(address, (*memory, input, *found)), torch.get_num_threads()],
        )
    return found


def _backward(
    grad_spikes: Tensor | None,
    grad_membrane: Tensor | None,
    grad_current: Tensor | None,
    grad_adaptation: Tensor | None,
    weight: Tensor,
    constants: Tensor,
    membrane_hw: Tensor | None,
    spikes: Tensor,
    before: Tensor | None,
    events: Tensor | None,
    current: Tensor | None,
    adaptation: Tensor | None,
    full: bool,
    surrogate: int,
    alpha: float,
    to_weight: bool,
    to_constants: bool,
    *,
    new: Any = empty_like,
) -> Some:
    """Return the gradients of input, weight and constants, None where they are not wanted."""
    gradients = [contiguous(one) for one in (grad_spikes, grad_membrane, grad_current, grad_adaptation)]
    spikes, kept = spikes.contiguous(), [contiguous(one) for one in (before, events, current, adaptation)]
    (steps, batch, size), given = spikes.shape, constants.shape[1]
    grad_input = new(spikes)
    grad_weight = weight.new_empty(weight.shape) if to_weight else None
    grad_lanes = constants.new_zeros((constants.shape[0], batch * size if to_constants else 0))
    if new is empty_like:
        constants = _lanes(constants, (batch, size), not (full or to_constants))
        rows, memory = padded(weight), _memory(spikes)
        recurrence.backward(
            weight.dtype == torch.float64,
            full,
            steps,
            batch,
            size,
            constants.shape[1],
            constants.data_ptr(),
            rows.data_ptr(),
            rows.shape[1],
            *map(address, (membrane_hw, *memory, spikes, *kept)),
            *(surrogate, alpha, *map(address, (*gradients, grad_input, grad_lanes)), torch.get_num_threads()),
        )
        if to_weight:  # spikes of one step are inputs of the next
            before_them, arrived = spikes[:-1].flatten(0, 1), grad_input[1:].flatten(0, 1)
            grad_weight = collect(arrived, before_them, find_for(before_them, size))
    if not to_constants:
        return grad_input, grad_weight, None
    return grad_input, grad_weight, grad_lanes.reshape(grad_lanes.shape[0], -1, given).sum(1)


def _checked_forward(
    input: Tensor, weight: Tensor, constants: Tensor, *others: Any, new: Any = empty_like
) -> tuple[Tensor, ...]:
    """Refuse operands that do not belong together, and do what :func:`_forward` does."""
    surrogate, keeps = others[-4], others[-1]
    operands = Operands("recur", new is empty_like)
    dtype = check_forward(operands, input, constants, others[:3], surrogate, keeps)
    operands.numbers("weight", weight, dtype, (input.shape[2], input.shape[2]))
    return filled(_forward(input, weight, constants, *others, new=new), input, events=5)


def _checked_backward(*given: Any, new: Any = empty_like) -> tuple[Tensor, ...]:
    """Refuse operands that do not belong together, and do what :func:`_backward` does."""
    *gradients, weight, constants, membrane_hw, spikes = given[:8]
    full, surrogate, _, _, to_constants = given[12:]
    operands = Operands("recur_backward", new is empty_like)
    dtype = operands.floating("spikes", spikes, "time, batch, neuron")
    whole = spikes.shape
    operands.extents("spikes", whole)
    operands.numbers("spikes", spikes, dtype, whole)
    needs = True, True, to_constants, to_constants and full
    check_backward(operands, gradients, constants, membrane_hw, given[8:12], needs, whole, surrogate, dtype)
    operands.numbers("weight", weight, dtype, (whole[2], whole[2]))
    return filled(_backward(*given, new=new), constants)


def _lanes(constants: Tensor, lanes: Sequence[int], plain: bool) -> Tensor:
    """Return constants (row, lane) for each neuron of each entry; as ``plain``, kernels take one for all."""
    rows, width = constants.shape
    if plain and width == 1:
        return constants.contiguous()
    given = constants.reshape(rows, *lanes) if width == lanes[0] * lanes[1] else constants.unsqueeze(1)
    return given.expand(rows, *lanes).reshape(rows, -1).contiguous()


def _memory(like: Tensor) -> tuple[Tensor, Tensor]:
    """Return what the kernels write to on their way."""
    lanes = like.shape[1:]
    return like.new_empty((recurrence.ROWS_OF_WORK, *lanes)), like.new_empty(lanes, dtype=torch.int32)


def _described(like: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    return like.new_empty(like.shape, dtype=dtype)


def _keep(ctx: Any, inputs: tuple[Any, ...], output: Some) -> None:
    input, weight, constants, _, membrane_hw, _, full, surrogate, alpha, _, keeps = inputs
    spikes, _, current, adaptation, before, events = output
    if keeps != CONSTANTS:
        current = adaptation = None
    ctx.save_for_backward(weight, constants, membrane_hw, spikes, before, events, current, adaptation)
    ctx.settings, ctx.shape = (full, surrogate, alpha), input.shape
    ctx.mark_non_differentiable(*[one for one in (before, events) if one is not None])
    ctx.set_materialize_grads(False)


def _adjoint(ctx: Any, *gradients: Tensor | None, checked: bool = True) -> tuple[Tensor | None, ...]:
    refuse_double_backward("recurrence")
    saved = ctx.saved_tensors  # read once: checkpointing computes them again for each reading
    to_spikes, to_membrane, to_current, to_adaptation, *_ = gradients
    if to_spikes is to_membrane is to_current is to_adaptation is None:
        return (None,) * 11
    wanted = ctx.needs_input_grad[:3]
    back: Callable[..., Some] = _backward
    if checked or traced(saved[0]):
        back, saved = torch.ops.hxtorch.recur_backward, (*saved[:3], *filled(saved[3:], saved[0]))
    else:
        weight, _, _, spikes, *kept = saved
        require_saved("recurrence", weight.dtype, ctx.shape, (*kept, spikes))
    found = back(*gradients[:4], *saved, *ctx.settings, *wanted[1:])
    return *(one if asked else None for one, asked in zip(found, wanted, strict=True)), *[None] * 8


define(
    "recur(Tensor input, Tensor weight, Tensor constants, Tensor? spikes_hw, Tensor? membrane_hw, "
    "Tensor? adaptation_hw, bool full, int surrogate, float alpha, bool traces, int keeps) "
    "-> (Tensor spikes, Tensor membrane, Tensor current, Tensor adaptation, Tensor before, Tensor events)",
    _checked_forward,
    partial(_checked_forward, new=_described),
)
define(
    "recur_backward(Tensor? grad_spikes, Tensor? grad_membrane, Tensor? grad_current, Tensor? grad_adaptation, "
    "Tensor weight, Tensor constants, Tensor? membrane_hw, Tensor spikes, Tensor before, Tensor events, "
    "Tensor current, Tensor adaptation, bool full, int surrogate, float alpha, bool to_weight, bool to_constants) "
    "-> (Tensor grad_input, Tensor grad_weight, Tensor grad_constants)",
    _checked_backward,
    partial(_checked_backward, new=_described),
)
_direct = differentiate("recur", _forward, _keep, _adjoint)

OPERATOR = torch.ops.hxtorch.recur.default
"""``hxtorch::recur``; the outputs beyond the traces are what the way back needs."""


def integrate(input: Tensor, weight: Tensor, *arguments: Any) -> Some:
    """Call :data:`OPERATOR` the shortest way."""
    if traced(input) or traced(weight):
        return OPERATOR(input, weight, *arguments)  # type: ignore[no-any-return]
    return _direct(input, weight, *arguments[:4], arguments[4:])
