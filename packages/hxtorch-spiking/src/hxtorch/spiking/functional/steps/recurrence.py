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
from hxtorch.spiking.functional.operands import Operands, contiguous, require_saved
from hxtorch.spiking.functional.steps.compiled import traced
from hxtorch.spiking.functional.steps.constants import ROWS
from hxtorch.spiking.functional.steps.fused import CONSTANTS, FORWARD, GRADIENTS
from hxtorch.spiking.functional.steps.operators import address, define, differentiate, refuse_double_backward
from hxtorch.spiking.functional.surrogates.derivatives import SURROGATES

_PARTS = 8
"""Parts of a batch for threads; each sums gradients of the weights on its own, so that threads do not change them."""

_LARGE = 1 << 18
"""With more weights than that there are two parts only: sums take memory."""


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
    new: Any = empty_like,
) -> tuple[Tensor, ...]:
    """Return outputs, and what the way back needs; empty where nothing is wanted."""
    recorded = [contiguous(trace) for trace in (spikes_hw, membrane_hw, adaptation_hw)]
    steps, batch, size = input.shape
    input, constants = input.contiguous(), _per_lane(constants, (batch, size))
    spikes = new(input)
    membrane = new(input) if traces else input.new_empty(0)
    current = new(input) if traces or keeps == CONSTANTS else input.new_empty(0)
    adaptation = new(input) if full and (traces or keeps == CONSTANTS) else input.new_empty(0)
    before = new(input) if keeps else input.new_empty(0)
    events = new(input, torch.uint8) if keeps else input.new_empty(0, dtype=torch.uint8)
    if new is empty_like:
        rows, work, lists = _padded(weight.T), *_memory(input)
        spikes_at, membrane_at, adaptation_at = map(address, recorded)
        recurrence.forward(
            input.dtype == torch.float64,
            full,
            steps,
            batch,
            size,
            _PARTS,
            constants.data_ptr(),
            rows.data_ptr(),
            rows.shape[1],
            spikes_at,
            membrane_at,
            adaptation_at,
            work.data_ptr(),
            lists.data_ptr(),
            input.data_ptr(),
            spikes.data_ptr(),
            address(membrane),
            address(current),
            address(adaptation),
            address(before),
            address(events),
            torch.get_num_threads(),
        )
    return spikes, membrane, current, adaptation, before, events


def _backward(
    grad_spikes: Tensor | None,
    grad_membrane: Tensor | None,
    grad_current: Tensor | None,
    grad_adaptation: Tensor | None,
    weight: Tensor,
    constants: Tensor,
    membrane_hw: Tensor | None,
    spikes: Tensor,
    before: Tensor,
    events: Tensor,
    current: Tensor,
    adaptation: Tensor,
    full: bool,
    surrogate: int,
    alpha: float,
    to_weight: bool,
    to_constants: bool,
    new: Any = empty_like,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of input, weight and constants, the latter empty where they are not wanted."""
    gradients = [contiguous(one) for one in (grad_spikes, grad_membrane, grad_current, grad_adaptation)]
    spikes, before, events = spikes.contiguous(), before.contiguous(), events.contiguous()
    current, adaptation = current.contiguous(), adaptation.contiguous()
    (steps, batch, size), given = spikes.shape, constants.shape[1]
    lanes = batch * size
    parts = _PARTS if size * size <= _LARGE else 2
    grad_input = new(spikes)
    sums = weight.new_zeros((parts, size, size)) if to_weight else weight.new_empty(0)
    grad_lanes = constants.new_zeros((constants.shape[0], lanes)) if to_constants else constants.new_empty(0)
    if new is empty_like:
        constants, rows, work, lists = _per_lane(constants, (batch, size)), _padded(weight), *_memory(spikes)
        to_spikes, to_membrane, to_current, to_adaptation = map(address, gradients)
        recurrence.backward(
            weight.dtype == torch.float64,
            full,
            steps,
            batch,
            size,
            parts,
            constants.data_ptr(),
            rows.data_ptr(),
            rows.shape[1],
            address(membrane_hw),
            work.data_ptr(),
            lists.data_ptr(),
            spikes.data_ptr(),
            before.data_ptr(),
            events.data_ptr(),
            address(current),
            address(adaptation),
            surrogate,
            alpha,
            to_spikes,
            to_membrane,
            to_current,
            to_adaptation,
            grad_input.data_ptr(),
            address(grad_lanes),
            address(sums),
            torch.get_num_threads(),
        )
    if to_weight:
        sums = sums.sum(0).T.contiguous()
    if to_constants:
        grad_lanes = grad_lanes.reshape(grad_lanes.shape[0], -1, given).sum(1)
    return grad_input, sums, grad_lanes


def _checked_forward(
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
    new: Any = empty_like,
) -> tuple[Tensor, ...]:
    """Refuse operands that do not belong together, and do what :func:`_forward` does."""
    operands = Operands("recur", new is empty_like)
    dtype = operands.floating("input", input, "time, batch, neuron")
    whole = input.shape
    operands.extents("input", whole)
    operands.choice("surrogate", surrogate, len(SURROGATES))
    operands.choice("keeps", keeps, CONSTANTS + 1)
    operands.numbers("input", input, dtype, whole)
    operands.numbers("weight", weight, dtype, (whole[2], whole[2]))
    operands.constants(constants, dtype, len(ROWS), whole[1:])
    shown = spikes_hw, membrane_hw, adaptation_hw
    operands.maybe(("spikes_hw", "membrane_hw", "adaptation_hw"), shown, dtype, whole)
    return _forward(input, weight, constants, *shown, full, surrogate, alpha, traces, keeps, new)


def _checked_backward(
    grad_spikes: Tensor | None,
    grad_membrane: Tensor | None,
    grad_current: Tensor | None,
    grad_adaptation: Tensor | None,
    weight: Tensor,
    constants: Tensor,
    membrane_hw: Tensor | None,
    spikes: Tensor,
    before: Tensor,
    events: Tensor,
    current: Tensor,
    adaptation: Tensor,
    full: bool,
    surrogate: int,
    alpha: float,
    to_weight: bool,
    to_constants: bool,
    new: Any = empty_like,
) -> tuple[Tensor, Tensor, Tensor]:
    """Refuse operands that do not belong together, and do what :func:`_backward` does."""
    operands = Operands("recur_backward", new is empty_like)
    dtype = operands.floating("spikes", spikes, "time, batch, neuron")
    whole = spikes.shape
    operands.extents("spikes", whole)
    operands.choice("surrogate", surrogate, len(SURROGATES))
    operands.numbers("spikes", spikes, dtype, whole)
    operands.numbers("weight", weight, dtype, (whole[2], whole[2]))
    operands.constants(constants, dtype, len(ROWS), whole[1:])
    gradients = grad_spikes, grad_membrane, grad_current, grad_adaptation
    operands.gradients(GRADIENTS, gradients, dtype, whole)
    operands.maybe(("membrane_hw",), (membrane_hw,), dtype, whole)
    operands.needed("before", before, dtype, whole, True, FORWARD)
    operands.needed("events", events, torch.uint8, whole, True, FORWARD)
    operands.needed("current", current, dtype, whole, to_constants, FORWARD)
    operands.needed("adaptation", adaptation, dtype, whole, to_constants and full, FORWARD)
    return _backward(
        grad_spikes,
        grad_membrane,
        grad_current,
        grad_adaptation,
        weight,
        constants,
        membrane_hw,
        spikes,
        before,
        events,
        current,
        adaptation,
        full,
        surrogate,
        alpha,
        to_weight,
        to_constants,
        new,
    )


def _per_lane(constants: Tensor, lanes: Sequence[int]) -> Tensor:
    """Return constants for each neuron of each entry, (row, entry, neuron)."""
    rows, width = constants.shape
    given = constants.reshape(rows, *lanes) if width == lanes[0] * lanes[1] else constants.unsqueeze(1)
    return given.expand(rows, *lanes).contiguous()


def _padded(weight: Tensor) -> Tensor:
    """Return weights in rows as long as the kernels want them."""
    return torch.nn.functional.pad(weight, (0, -weight.shape[1] % recurrence.PADDING)).contiguous()


def _memory(like: Tensor) -> tuple[Tensor, Tensor]:
    """Return what the kernels write to on their way."""
    lanes = like.shape[1:]
    return like.new_empty((recurrence.ROWS_OF_WORK, *lanes)), like.new_empty(lanes, dtype=torch.int32)


def _described(like: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    return like.new_empty(like.shape, dtype=dtype)


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    _, weight, constants, _, membrane_hw, _, full, surrogate, alpha, _, keeps = inputs
    spikes, _, current, adaptation, before, events = output
    if keeps != CONSTANTS:
        current = adaptation = before.new_empty(0)
    ctx.save_for_backward(weight, constants, membrane_hw, spikes, before, events, current, adaptation)
    ctx.settings, ctx.shape = (full, surrogate, alpha), spikes.shape
    ctx.mark_non_differentiable(before, events)
    ctx.set_materialize_grads(False)


def _adjoint(ctx: Any, *gradients: Tensor | None, checked: bool = True) -> tuple[Tensor | None, ...]:
    refuse_double_backward("recurrence")
    saved = ctx.saved_tensors  # read once: checkpointing computes them again for each reading
    if all(gradient is None for gradient in gradients[:4]):
        return (None,) * 11
    wanted = ctx.needs_input_grad[:3]
    back: Callable[..., tuple[Tensor, ...]] = _backward
    if checked or traced(saved[0]):
        back = torch.ops.hxtorch.recur_backward
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


def integrate(input: Tensor, weight: Tensor, *arguments: Any) -> tuple[Tensor, ...]:
    """Call :data:`OPERATOR` the shortest way."""
    if traced(input) or traced(weight):
        return OPERATOR(input, weight, *arguments)  # type: ignore[no-any-return]
    return _direct(input, weight, *arguments)
