r"""EventProp on a grid of time: gradients by the adjoint equations instead of a surrogate derivative.

The adjoint of the membrane and that of the current are integrated backwards in time,

.. math::
    -\tau_m \dot\lambda_v = -\lambda_v - \frac{\partial l}{\partial v}, \qquad
    -\tau_s \dot\lambda_i = -\lambda_i + \lambda_v,

and at each spike of a neuron its :math:`\lambda_v` jumps,

.. math::
    \lambda_v^- = \frac{1}{\tau_m \dot v^-} \left(\tau_m \dot v^+ \lambda_v^+ + \frac{d L}{d t_\mathrm{spike}}\right).

A weight's gradient is :math:`-\tau_s \lambda_i` summed over the presynaptic spikes. The loss depends on the time of a
presynaptic spike by :math:`w (\lambda_v - \lambda_i) = -w \tau_s \dot\lambda_i`, summed over its targets.

Source:
    Wunderlich and Pehle, Scientific Reports 11 (2021), with a refractory time: what follows a reset begins at its end.
    In the loop: Pehle, Blessing, Arnold, Müller, Schemmel, NICE 2023.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, cast

import torch
from torch import Tensor

from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.functional.models.lif import CUBALIFParams, cuba_lif_integration
from hxtorch.spiking.functional.steps.euler import step_fraction, tensor_like, whole_steps
from hxtorch.spiking.network.observables import HardwareObservables

MIN_SLOPE = 1e-3
"""Smallest slope of a membrane at the threshold, in units of ``(threshold - leak) / tau_mem``.

Gradients of spike times grow beyond all bounds when a membrane only just touches the threshold.
"""

MIN_SLOPE_MEASURED = 0.2
"""The same for spikes that a chip emitted: the slope there is still the model's, which may not even cross."""


class EventPropLIFFunction(torch.autograd.Function):
    """Leaky integrate-and-fire neurons whose backward pass is EventProp.

    ``EventPropLIFFunction.apply(input, params, dt, hw_data)`` has the values of
    :func:`~hxtorch.spiking.functional.cuba_lif_integration`, recordings of a chip included.

    The gradient that arrives at the spikes is read as the derivative of the loss with respect to the time of each
    spike (1/s), which is what :class:`EventPropSynapseFunction` returns; where there is no spike it is ignored.
    Gradients that arrive at membranes and currents act as derivatives of the loss with respect to these.
    """

    @staticmethod
    def forward(
        ctx: Any, input: Tensor, params: CUBALIFParams, dt: float = 1e-6, hw_data: HardwareObservables | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Integrate.

        Args:
            ctx: Of autograd.
            input: Weighted spikes per step, floating (time, batch, neuron).
            params: Parameters in model units; the surrogate's shape does not matter. No gradient reaches them.
            dt: Step in seconds.
            hw_data: Recordings of the chip.

        Returns:
            Spikes, membrane and current, (time, batch, neuron) each.

        Raises:
            ParameterError: A parameter asks for a gradient, or see ``cuba_lif_integration``.
            TensorShapeError: See ``cuba_lif_integration``.
        """
        for entry in fields(params):
            value = getattr(params, entry.name)
            if isinstance(value, Tensor) and value.requires_grad:
                raise ParameterError(
                    f"{entry.name}: asks for a gradient, which EventProp has for inputs and weights only; train "
                    "parameters by the surrogate gradient of Neuron"
                )
        traces = cuba_lif_integration(input, params, hw_data, dt)
        ctx.save_for_backward(traces.spikes, traces.current)
        ctx.params, ctx.dt, ctx.steps_given = params, dt, len(input)
        ctx.measured = hw_data is not None and hw_data.spikes is not None
        return traces.spikes, cast(Tensor, traces.membrane_cadc), cast(Tensor, traces.current)  # asked for, so there

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grad_outputs: Any) -> tuple[Tensor, None, None, None]:
        """Integrate the adjoint equations backwards; the gradient of the input is ``-tau_syn * lambda_i``."""
        spikes, current = ctx.saved_tensors
        params, dt = ctx.params, ctx.dt
        grad_spikes, grad_membrane, grad_current = grad_outputs
        decay_mem = step_fraction(params.tau_mem, dt, current)
        keep_syn = 1.0 - step_fraction(params.tau_syn, dt, current)
        leak, reset, threshold = (
            tensor_like(value, current) for value in (params.leak, params.reset, params.threshold)
        )
        floor = (MIN_SLOPE_MEASURED if ctx.measured else MIN_SLOPE) * (threshold - leak)
        spiked = spikes > 0
        held = _held(spiked, tensor_like(whole_steps(params.refractory_time, dt), current))

        # tau_m dv/dt just before a spike in each step, and tau_m dv/dt just after a release in each step.
        before = torch.maximum(torch.cat([torch.zeros_like(current[:1]), current[:-1]]) + leak - threshold, floor)
        after = current + leak - reset
        pull = grad_spikes * tensor_like(params.tau_mem, current)

        # p_v = -tau_m lambda_v and p_i = -tau_s lambda_i are the derivatives of the loss by membrane and current.
        gradient = current.new_zeros((ctx.steps_given, *current.shape[1:]))
        p_v = p_i = released = torch.zeros_like(current[0])
        held_next = torch.zeros_like(spiked[0])
        for t in range(len(current) - 1, -1, -1):
            p_i = p_i + grad_current[t]
            gradient[t] = p_i
            at_reset = spiked[t] | held[t]
            released = torch.where(at_reset & ~held_next, p_v * after[t], released)
            p_v = torch.where(at_reset, 0.0, p_v + grad_membrane[t])
            p_v = torch.where(spiked[t] & ~held[t], (released - pull[t]) / before[t], p_v)
            p_i = torch.addcmul(keep_syn * p_i, decay_mem, p_v)
            p_v = p_v - decay_mem * p_v
            held_next = held[t]
        return gradient, None, None, None


class EventPropSynapseFunction(torch.autograd.Function):
    """Weighted spikes whose backward pass returns derivatives with respect to the times of the spikes.

    ``EventPropSynapseFunction.apply(input, weight, dt)`` has the values of :func:`~hxtorch.spiking.functional.linear`.
    What follows may be any neuron: the gradient that it returns is ``-tau_syn * lambda_i``, and its derivative over
    time belongs to the spikes' times.
    """

    @staticmethod
    def forward(ctx: Any, input: Tensor, weight: Tensor, dt: float = 1e-6) -> Tensor:
        """Weigh spikes.

        Args:
            ctx: Of autograd.
            input: Spikes, floating (time, batch, in_features).
            weight: Weights in model units (out_features, in_features).
            dt: Step in seconds.

        Returns:
            Weighted spikes (time, batch, out_features).
        """
        ctx.save_for_backward(input, weight)
        ctx.dt = dt
        with torch.autocast(input.device.type, enabled=False):  # derivatives by times are differences
            return torch.nn.functional.linear(input.to(weight.dtype), weight)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grad_outputs: Any) -> tuple[Tensor | None, Tensor | None, None]:
        """Return the derivatives with respect to the times of the spikes (1/s) and to the weights."""
        input, weight = ctx.saved_tensors
        gradient, input = grad_outputs[0], input.to(weight.dtype)
        by_time = by_weight = None
        if ctx.needs_input_grad[0]:
            product = gradient @ weight
            by_time = torch.gradient(product, spacing=ctx.dt, dim=0)[0] if len(product) > 1 else product.zero_()
        if ctx.needs_input_grad[1]:
            by_weight = gradient.flatten(0, 1).T @ input.flatten(0, 1)
        return by_time, by_weight, None


def _held(spiked: Tensor, refractory: Tensor) -> Tensor:
    """Return in which steps membranes are held at the reset because of a spike in an earlier step, like ``spiked``."""
    left = torch.zeros_like(spiked[0], dtype=refractory.dtype)
    held = []
    for now in spiked:
        held.append(left > 0)
        left = torch.where(now, refractory, left - 1)
    return torch.stack(held)
