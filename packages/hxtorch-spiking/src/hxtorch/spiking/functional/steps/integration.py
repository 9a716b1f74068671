"""Choice between the compiled integration and the loop, and what both share."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeGuard

import torch
from torch import Tensor

from hxtorch.spiking.errors import TensorShapeError
from hxtorch.spiking.functional.steps import fused, loop
from hxtorch.spiking.functional.steps.compiled import compilable, full_precision, traced
from hxtorch.spiking.functional.steps.constants import Constants, unpacked
from hxtorch.spiking.functional.steps.euler import first_steps
from hxtorch.spiking.functional.steps.feedback import Recurrence
from hxtorch.spiking.functional.steps.loop import Feedback, Recorded, Terms, Traces
from hxtorch.spiking.functional.steps.masked import Masked
from hxtorch.spiking.functional.surrogates.derivatives import Surrogate, number
from hxtorch.spiking.functional.surrogates.threshold import surrogate
from hxtorch.spiking.network.observables import NOTHING, HardwareObservables

_UNRECORDED = Recorded()


def integrate(
    input: Tensor,
    constants: Constants,
    terms: Terms,
    hw_data: HardwareObservables | None = None,
    method: str | Surrogate = "superspike",
    alpha: float = 50.0,
    traces: bool = True,
    feedback: Feedback | None = None,
) -> Traces:
    """Take all steps of :func:`hxtorch.spiking.functional.steps.loop.integrate`, compiled where that is possible.

    On the CPU, in float32 and float64, and with a surrogate derivative that has a name, one operator does the steps and
    one the way back; elsewhere, and inside the transforms of ``torch.func``, the loop does. Under automatic casts
    (``torch.autocast``) both integrate in single precision.

    Args:
        input: Weighted spikes per step, floating (time, batch, neuron).
        constants: Factors of one step.
        terms: Which terms the equations have.
        hw_data: Recordings of the chip.
        method: Surrogate derivative, see :func:`~hxtorch.spiking.functional.threshold`.
        alpha: Its steepness.
        traces: Whether other traces than spikes are wanted; neurons that do not fire have a membrane in any case.
        feedback: What spikes of one step add to the input of the next: a
            :class:`~hxtorch.spiking.functional.steps.feedback.Recurrence`; the loop takes other functions.

    Returns:
        Traces of as many steps as input and recordings both have.

    Raises:
        TensorShapeError: ``input`` has other axes, or no time.
        ParameterError: A constant has a shape that does not fit, or the surrogate is unknown.
    """
    recorded = NOTHING if hw_data is None else hw_data
    steps = input.shape[0] if input.ndim else 0
    input = full_precision(first_steps(input, steps if recorded is NOTHING else recorded.steps(steps)))
    shown = _shown(recorded, input)
    fire = surrogate(method)
    known = number(method.method if isinstance(method, Masked) else method) if terms.fire else 0
    if known is None or not _compilable(feedback, terms, input):
        packed = constants.packed(input)
        return loop.integrate(input, unpacked(packed, input), terms, fire, alpha, shown, feedback)
    if isinstance(method, Masked):
        constants = replace(constants, threshold=method.threshold(constants.threshold, input))
    direct = not traced(input)
    packed = constants.packed(input, direct and not torch.is_inference_mode_enabled())
    keeps = fused.NOTHING
    if torch.is_grad_enabled():
        trained = input.requires_grad or (feedback is not None and feedback.weight.requires_grad)
        keeps = fused.CONSTANTS if packed.requires_grad else fused.INPUT if trained else fused.NOTHING
    if feedback is None:
        settings = terms.fire, terms.full, known, alpha, traces, keeps
        if direct:
            found = fused.DIRECT(input, packed, *shown, settings)
        else:
            found = fused.OPERATOR(input, packed, *shown, *settings)
    else:
        from hxtorch.spiking.functional.steps import recurrence  # most networks have no circle and need no such kernel

        found = recurrence.integrate(input, feedback.weight, packed, *shown, terms.full, known, alpha, traces, keeps)
    spikes, membrane, current, adaptation, _, _ = found
    return Traces(
        spikes if terms.fire else None,
        membrane if traces or not terms.fire else None,
        current if traces else None,
        adaptation if traces and terms.adapting else None,
    )


def _compilable(feedback: Feedback | None, terms: Terms, input: Tensor) -> TypeGuard[Recurrence | None]:
    """Return whether the compiled kernels know the equations, and may take the tensors."""
    if feedback is None:
        return compilable(input)
    if not (isinstance(feedback, Recurrence) and terms.fire):
        return False
    size, weight = input.shape[2], feedback.weight
    fits = weight.shape == (size, size) and weight.dtype == input.dtype
    return fits and compilable(weight) and compilable(input)


def _shown(recorded: HardwareObservables, input: Tensor) -> Recorded:
    """Return the recordings in the type, on the device and with the steps of ``input``."""
    if recorded is NOTHING:
        return _UNRECORDED
    shown = []
    for trace in (recorded.spikes, recorded.cadc, recorded.adaptation_cadc):
        if trace is not None:
            if trace.shape[0] > input.shape[0]:
                trace = trace[: input.shape[0]]
            if trace.requires_grad or type(trace) is not Tensor:
                trace = trace.detach()
            if trace.dtype != input.dtype or trace.device != input.device:
                trace = trace.to(input)
        shown.append(trace)
        if trace is not None and trace.shape != input.shape:
            raise TensorShapeError(
                f"recording: got shape {tuple(trace.shape)}, wanted that of the input {tuple(input.shape)}"
            )
    return Recorded(*shown)
