"""Firing neurons whose own spikes come back to them through synapses, one step later."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from hxtorch.spiking.functional.euler import first_steps, step_fraction, tensor_like, whole_steps
from hxtorch.spiking.functional.iaf import IAF, CUBAIAFParams
from hxtorch.spiking.functional.lif import LIF, CUBALIFParams
from hxtorch.spiking.functional.refractory import refractory_update
from hxtorch.spiking.functional.threshold import surrogate
from hxtorch.spiking.functional.unterjubel import inject
from hxtorch.spiking.observables import NOTHING, HardwareObservables

Feedback = Callable[[Tensor], Tensor]
"""Turns the spikes of one step (batch, neuron) into weighted spikes of the next (batch, neuron)."""


def recurrent_lif_integration(
    input: Tensor,
    feedback: Feedback,
    params: CUBALIFParams,
    hw_data: HardwareObservables | None = None,
    dt: float = 1e-6,
) -> tuple[LIF, Tensor]:
    """Integrate as :func:`~hxtorch.spiking.functional.lif.cuba_lif_integration`, with the neurons' spikes fed back.

    Args:
        input: Weighted spikes from elsewhere, floating (time, batch, neuron).
        feedback: What spikes of one step add to the input of the next.
        params: Parameters in model units.
        hw_data: Recordings of the chip; recorded spikes are fed back in the place of computed ones.
        dt: Step in seconds.

    Returns:
        The traces, and what was fed back (time, batch, neuron).

    Raises:
        TensorShapeError: ``input`` has other axes, or no time.
        ParameterError: A time constant is below half a step, or the surrogate is unknown.
    """
    leak, decay = tensor_like(params.leak, input), step_fraction(params.tau_mem, dt, input)
    traces = _loop(input, feedback, lambda v, i: v.lerp(leak + i, decay), leak, params, hw_data, dt)
    return LIF(*traces[:3], (hw_data or NOTHING).madc), traces[3]


def recurrent_iaf_integration(
    input: Tensor,
    feedback: Feedback,
    params: CUBAIAFParams,
    hw_data: HardwareObservables | None = None,
    dt: float = 1e-6,
) -> tuple[IAF, Tensor]:
    """Integrate as :func:`~hxtorch.spiking.functional.iaf.cuba_refractory_iaf_integration`, with spikes fed back.

    Arguments, results and errors are those of :func:`recurrent_lif_integration`.
    """
    gain = step_fraction(params.tau_mem, dt, input)
    start = tensor_like(params.reset, input)
    traces = _loop(input, feedback, lambda v, i: torch.addcmul(v, i, gain), start, params, hw_data, dt)
    return IAF(*traces[:3], (hw_data or NOTHING).madc), traces[3]


def _loop(
    input: Tensor,
    feedback: Feedback,
    move: Callable[[Tensor, Tensor], Tensor],
    start: Tensor,
    params: CUBALIFParams | CUBAIAFParams,
    hw_data: HardwareObservables | None,
    dt: float,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return spikes, membrane, current and feedback; ``move`` takes membrane and current to the next membrane."""
    recorded = hw_data or NOTHING
    inputs = first_steps(input, recorded.steps(len(input))).unbind(0)
    spikes_hw = [None] * len(inputs) if recorded.spikes is None else recorded.spikes.unbind(0)
    membrane_hw = [None] * len(inputs) if recorded.cadc is None else recorded.cadc.unbind(0)
    reset, threshold = tensor_like(params.reset, input), tensor_like(params.threshold, input)
    keep_syn = 1.0 - step_fraction(params.tau_syn, dt, input)
    steps = tensor_like(whole_steps(params.refractory_time, dt), input)
    fire, alpha = surrogate(params.method), params.alpha

    z = i = ref = torch.zeros_like(inputs[0])
    v = start + i
    spikes, membrane, current, fed_back = [], [], [], []
    for x, z_hw, v_hw in zip(inputs, spikes_hw, membrane_hw, strict=False):
        back = feedback(z)
        v = inject(torch.where(ref > 0, v, move(v, i)), v_hw)
        i = torch.addcmul(x + back, i, keep_syn)
        z, v_after, ref = refractory_update(fire(v - threshold, alpha), v, ref, reset=reset, steps=steps, z_hw=z_hw)
        spikes.append(z)
        membrane.append(v_after if v_hw is None else v)
        current.append(i)
        fed_back.append(back)
        v = v_after
    return torch.stack(spikes), torch.stack(membrane), torch.stack(current), torch.stack(fed_back)
