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
from hxtorch.spiking.functional.operands import Operands, contiguous, filled, require_saved
from hxtorch.spiking.functional.steps.compiled import traced
from hxtorch.spiking.functional.steps.constants import ROWS
from hxtorch.spiking.functional.steps.operators import Some, address, define, differentiate, refuse_double_backward
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
    *,
    new: Any = empty_like,
) -> Some:
    """Return outputs, and what the way back needs; None where nothing is wanted."""
    recorded = contiguous(spikes_hw), contiguous(membrane_hw), contiguous(adaptation_hw)
    input, constants = input.contiguous(), constants.contiguous()
    found = outputs(input, fire, full, traces, keeps, _lean(fire, full, keeps, recorded), new)
    if new is empty_like:
        integration.forward(
            input.dtype == torch.float64,
            fire,
            full,
            input.shape[0],
            input.shape[1] * input.shape[2],
            constants.shape[1],
            constants.data_ptr(),
            *[*map(address, (*recorded, input, *found)), torch.get_num_threads()],
        )
    return found


def outputs(input: Tensor, fire: bool, full: bool, traces: bool, keeps: int, lean: bool, new: Any) -> Some:
    """Return room for spikes, membrane, current, adaptation and what the way back needs; None where nobody asks."""
    tuned, kept = keeps == CONSTANTS, keeps and not lean
    return (
        new(input) if fire else None,
        new(input) if traces or not fire else None,
        new(input) if traces or tuned else None,
        new(input) if full and (traces or tuned) else None,
        new(input) if kept and (fire or full or tuned) else None,
        new(input, torch.uint8) if kept and fire else None,
    )


def check_forward(
    operands: Operands, input: Tensor, constants: Tensor, shown: Sequence[Tensor | None], surrogate: int, keeps: int
) -> torch.dtype:
    """Refuse what does not belong together of that which steps forwards have, with recurrence or without.

    Returns:
        The type of all numbers.
    """
    dtype = operands.floating("input", input, "time, batch, neuron")
    whole = input.shape
    operands.extents("input", whole)
    operands.choice("surrogate", surrogate, len(SURROGATES))
    operands.choice("keeps", keeps, CONSTANTS + 1)
    operands.numbers("input", input, dtype, whole)
    operands.constants(constants, dtype, len(ROWS), whole[1:])
    operands.maybe(("spikes_hw", "membrane_hw", "adaptation_hw"), shown, dtype, whole)
    return dtype


def check_backward(
    operands: Operands,
    gradients: Sequence[Tensor | None],
    constants: Tensor,
    membrane_hw: Tensor | None,
    kept: Sequence[Tensor],
    needs: Sequence[bool],
    shape: Sequence[int],
    surrogate: int,
    dtype: torch.dtype,
) -> None:
    """Refuse what does not belong together of that which the way back has, with recurrence or without."""
    operands.choice("surrogate", surrogate, len(SURROGATES))
    operands.constants(constants, dtype, len(ROWS), shape[1:])
    operands.gradients(GRADIENTS, gradients, dtype, shape)
    operands.maybe(("membrane_hw",), (membrane_hw,), dtype, shape)
    for name, tensor, need in zip(("before", "events", "current", "adaptation"), kept, needs, strict=True):
        operands.needed(name, tensor, torch.uint8 if name == "events" else dtype, shape, need, FORWARD)


def _checked_forward(input: Tensor, constants: Tensor, *others: Any, new: Any = empty_like) -> tuple[Tensor, ...]:
    """Refuse operands that do not belong together, and do what :func:`_forward` does."""
    surrogate, keeps = others[-4], others[-1]
    check_forward(Operands("integrate", new is empty_like), input, constants, others[:3], surrogate, keeps)
    return filled(_forward(input, constants, *others, new=new), input, events=5)


def _lean(fire: bool, full: bool, keeps: int, recorded: Some) -> bool:
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
    before: Tensor | None,
    events: Tensor | None,
    current: Tensor | None,
    adaptation: Tensor | None,
    shape: list[int],
    fire: bool,
    full: bool,
    surrogate: int,
    alpha: float,
    to_input: bool,
    to_constants: bool,
    *,
    new: Any = empty_like,
) -> Some:
    """Return the gradients of input and constants, None where they are not wanted."""
    gradients = [contiguous(one) for one in (grad_spikes, grad_membrane, grad_current, grad_adaptation)]
    constants = constants.contiguous()
    input, kept = contiguous(input), [contiguous(one) for one in (before, events, current, adaptation)]
    double, threads = constants.dtype == torch.float64, torch.get_num_threads()
    lanes = shape[1] * shape[2]
    grad_input = new(constants, shape=shape) if to_input else None
    grad_lanes = constants.new_zeros((constants.shape[0], lanes)) if to_constants else None
    if new is empty_like:
        room = 0 if input is None else integration.scratch_size(double, shape[0], threads)
        scratch = new(constants, torch.uint8, (room,)) if room else None
        integration.backward(
            double,
            fire,
            full,
            shape[0],
            lanes,
            constants.shape[1],
            constants.data_ptr(),
            *map(address, (input, membrane_hw, *kept)),
            *(surrogate, alpha, *map(address, (*gradients, grad_input, grad_lanes, scratch)), threads),
        )
    if grad_lanes is not None:
        grad_lanes = grad_lanes.reshape(constants.shape[0], -1, constants.shape[1]).sum(1)
    return grad_input, grad_lanes


def _checked_backward(*given: Any, new: Any = empty_like) -> tuple[Tensor, ...]:
    """Refuse operands that do not belong together, and do what :func:`_backward` does."""
    *gradients, constants, input, membrane_hw, before, events, current, adaptation = given[:11]
    shape, fire, full, surrogate, _, _, to_constants = given[11:]
    operands = Operands("integrate_backward", new is empty_like)
    dtype = operands.floating("constants", constants, "row, lane")
    operands.extents("shape", shape)
    again = input is not None
    if again and (not fire or full or to_constants or membrane_hw is not None):
        raise TensorValueError(
            f"{operands.at('input')}: got one, wanted None; only spikes without other terms, recordings and gradients "
            f"of constants are computed again; {FORWARD}"
        )
    kept = before, events, current, adaptation
    needs = not again and (fire or full or to_constants), not again and fire, to_constants, to_constants and full
    check_backward(operands, gradients, constants, membrane_hw, kept, needs, tuple(shape), surrogate, dtype)
    operands.maybe(("input",), (input,), dtype, tuple(shape))
    return filled(_backward(*given, new=new), constants)


def _described(like: Tensor, dtype: torch.dtype | None = None, shape: Any = None) -> Tensor:
    return like.new_empty(like.shape if shape is None else shape, dtype=dtype)


def _keep(ctx: Any, inputs: tuple[Any, ...], output: Some) -> None:
    input, constants, spikes_hw, membrane_hw, adaptation_hw, fire, full, surrogate, alpha, _, keeps = inputs
    *_, current, adaptation, before, events = output
    if keeps != CONSTANTS:
        current = adaptation = None
    again = input if _lean(fire, full, keeps, (spikes_hw, membrane_hw, adaptation_hw)) else None
    ctx.save_for_backward(constants, again, membrane_hw, before, events, current, adaptation)
    ctx.settings = list(input.shape), fire, full, surrogate, alpha
    ctx.mark_non_differentiable(*[one for one in (before, events) if one is not None])
    ctx.set_materialize_grads(False)


def _adjoint(ctx: Any, *gradients: Tensor | None, checked: bool = True) -> tuple[Tensor | None, ...]:
    refuse_double_backward("integration")
    saved = ctx.saved_tensors  # read once: checkpointing computes them again for each reading
    spikes, membrane, current, adaptation, *_ = gradients
    if spikes is membrane is current is adaptation is None:
        return (None,) * 11
    to_input, to_constants = ctx.needs_input_grad[:2]
    back: Callable[..., Some] = _backward
    if checked or traced(saved[0]):
        back, saved = torch.ops.hxtorch.integrate_backward, (*saved[:3], *filled(saved[3:], saved[0]))
    else:
        require_saved("integration", saved[0].dtype, ctx.settings[0], (saved[1], *saved[3:]))
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
