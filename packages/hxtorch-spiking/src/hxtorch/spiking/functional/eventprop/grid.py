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

from typing import Any, cast

import torch
from torch import Tensor

from hxtorch.spiking._memory import require_room
from hxtorch.spiking.errors import ParameterError, TensorShapeError
from hxtorch.spiking.functional.models.lif import CUBALIFParams, cuba_lif_integration
from hxtorch.spiking.functional.steps.euler import step_fraction, tensor_like, whole_steps

MIN_SLOPE = 1e-3
"""Smallest slope of a membrane at the threshold, in units of ``(threshold - leak) / tau_mem``.

Gradients of spike times grow beyond all bounds when a membrane only just touches the threshold.
"""

MIN_SLOPE_MEASURED = 0.2
"""The same for spikes that a chip emitted: the slope there is still the model's, which may not even cross."""


_TRAINED = ("leak", "reset", "threshold", "tau_mem", "tau_syn", "refractory_time")
"""Parameters of the model that no gradient reaches."""

_OWN_TRACES = 4  # tensors like the input that the way back makes
TRACES_BACK = 5 + _OWN_TRACES
"""Tensors like the input that are there on the way back: spikes, currents, three gradients that came, and these."""


class EventPropLIFFunction(torch.autograd.Function):
    """Leaky integrate-and-fire neurons whose backward pass is EventProp.

    ``EventPropLIFFunction.apply(input, leak, reset, threshold, tau_syn, tau_mem, hw_data, dt)``, or with the parameters
    as one, ``apply(input, params, dt, hw_data)``, has the values of
    :func:`~hxtorch.spiking.functional.cuba_lif_integration`, recordings of a chip included.

    The gradient that arrives at the spikes is read as the derivative of the loss with respect to the time of each
    spike (1/s), which is what :class:`EventPropSynapseFunction` returns; where there is no spike it is ignored.
    Gradients that arrive at membranes and currents act as derivatives of the loss with respect to these.
    """

    @staticmethod
    def forward(
        ctx: Any,
        input: Tensor,
        leak: Any,
        reset: Any = None,
        threshold: Any = None,
        tau_syn: Any = None,
        tau_mem: Any = None,
        hw_data: Any = None,
        dt: float = 1e-6,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Integrate.

        Args:
            ctx: Of autograd.
            input: Weighted spikes per step, floating (time, batch, neuron), or, as :class:`EventPropSynapseFunction`
                gives them, two in one tensor (2, time, batch, neuron), of which the first counts.
            leak: Potential in model units, as are the next two; or all parameters, a
                :class:`~hxtorch.spiking.functional.CUBALIFParams`, followed by ``dt`` and ``hw_data``. No gradient
                reaches parameters; the surrogate's shape does not matter.
            reset: Potential after a spike.
            threshold: Potential beyond which a neuron spikes.
            tau_syn: Time constant of the current in seconds.
            tau_mem: Time constant of the membrane in seconds.
            hw_data: Recordings of the chip, or None.
            dt: Step in seconds.

        Returns:
            Spikes, membrane and current, (time, batch, neuron) each.

        Raises:
            ParameterError: A parameter asks for a gradient or is missing, or see ``cuba_lif_integration``.
            TensorShapeError: See ``cuba_lif_integration``.
        """
        if hasattr(leak, "threshold"):
            params, dt, hw_data = leak, 1e-6 if reset is None else reset, threshold
        else:
            given = {"reset": reset, "threshold": threshold, "tau_syn": tau_syn, "tau_mem": tau_mem}
            missing = [name for name, value in given.items() if value is None]
            if missing:
                raise ParameterError(f"{', '.join(missing)}: missing, wanted all potentials and time constants")
            params = CUBALIFParams(leak=leak, **given)
        for name in _TRAINED:
            value = getattr(params, name)
            if isinstance(value, Tensor) and value.requires_grad:
                raise ParameterError(
                    f"{name}: asks for a gradient, which EventProp has for inputs and weights only; train parameters "
                    "by the surrogate gradient of Neuron"
                )
        stacked = input.ndim == 4
        if stacked and len(input) != 2:
            raise TensorShapeError(f"input: got shape {tuple(input.shape)}, wanted (2, time, batch, neuron)")
        current = input[0] if stacked else input
        traces = cuba_lif_integration(current, params, hw_data, dt)
        ctx.save_for_backward(traces.spikes, traces.current)
        ctx.params, ctx.dt, ctx.steps_given, ctx.stacked = params, dt, len(current), stacked
        ctx.measured = _has_spikes(hw_data)
        return traces.spikes, cast(Tensor, traces.membrane_cadc), cast(Tensor, traces.current)  # asked for, so there

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grad_outputs: Any) -> tuple[Tensor | None, ...]:
        """Integrate the adjoint equations backwards.

        Returns:
            The gradient of the input, ``-tau_syn * lambda_i``; with two inputs the derivative of that by time as the
            second one.
        """
        spikes, current = ctx.saved_tensors
        if current.device.type == "cpu":
            require_room("gradients by EventProp", current.shape, _OWN_TRACES * current.nbytes)
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
        if ctx.stacked:
            gradient = torch.stack([gradient, _by_time(gradient, dt)])
        return gradient, *[None] * (len(ctx.needs_input_grad) - 1)


class EventPropSynapseFunction(torch.autograd.Function):
    """Weighted spikes whose backward pass returns derivatives with respect to the times of the spikes.

    ``EventPropSynapseFunction.apply(input, weight)`` gives the values of :func:`~hxtorch.spiking.functional.linear` and
    zeros, as one tensor (2, time, batch, out_features): what follows returns two gradients, of which the first belongs
    to the weights and the second to the times, as :class:`EventPropLIFFunction` does.

    ``EventPropSynapseFunction.apply(input, weight, dt)`` with the step in seconds gives the values alone. What follows
    may then be any neuron: the gradient that it returns is ``-tau_syn * lambda_i``, and its derivative over time
    belongs to the spikes' times.
    """

    @staticmethod
    def forward(ctx: Any, input: Tensor, weight: Tensor, dt: float | None = None) -> Tensor:
        """Weigh spikes.

        Args:
            ctx: Of autograd.
            input: Spikes, floating (time, batch, in_features).
            weight: Weights in model units (out_features, in_features).
            dt: Step in seconds, or None for two tensors in one.

        Returns:
            Weighted spikes (time, batch, out_features), or (2, time, batch, out_features).
        """
        ctx.save_for_backward(input, weight)
        ctx.dt = dt
        with torch.autocast(input.device.type, enabled=False):  # derivatives by times are differences
            weighted = torch.nn.functional.linear(input.to(weight.dtype), weight)
        return weighted if dt is not None else torch.stack([weighted, torch.zeros_like(weighted)])

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grad_outputs: Any) -> tuple[Tensor | None, ...]:
        """Return the derivatives with respect to the times of the spikes (1/s) and to the weights."""
        input, weight = ctx.saved_tensors
        gradient, input = grad_outputs[0], input.to(weight.dtype)
        for_weight = gradient if ctx.dt is not None else gradient[0]
        by_time = by_weight = None
        if ctx.needs_input_grad[0]:
            by_time = gradient[1] @ weight if ctx.dt is None else _by_time(gradient @ weight, ctx.dt)
        if ctx.needs_input_grad[1]:
            by_weight = for_weight.flatten(0, 1).T @ input.flatten(0, 1)
        return by_time, by_weight, *[None] * (len(ctx.needs_input_grad) - 2)


class EventPropCurrent(torch.autograd.Function):
    """The weighted spikes out of the two tensors of an :class:`EventPropSynapseFunction`, for any neuron behind it.

    ``EventPropCurrent.apply(input, dt)``
    """

    @staticmethod
    def forward(ctx: Any, input: Tensor, dt: float) -> Tensor:
        """Return the first of ``input`` (2, time, batch, neuron)."""
        ctx.dt = dt
        return input[0].clone()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grad_outputs: Any) -> tuple[Tensor, None]:
        """Return the gradient and its derivative over time."""
        (gradient,) = grad_outputs
        return torch.stack([gradient, _by_time(gradient, ctx.dt)]), None


def _by_time(gradient: Tensor, dt: float) -> Tensor:
    """Return the derivative (1/s) over the first axis."""
    return torch.gradient(gradient, spacing=dt, dim=0)[0] if len(gradient) > 1 else torch.zeros_like(gradient)


def _has_spikes(hw_data: Any) -> bool:
    """Whether recordings have spikes: those of a run or a handle by name, a tuple's first, or a tensor of them."""
    first = hw_data[0] if isinstance(hw_data, tuple) and hw_data else hw_data
    return (first if isinstance(first, Tensor) else getattr(first, "spikes", None)) is not None


def _held(spiked: Tensor, refractory: Tensor) -> Tensor:
    """Return in which steps membranes are held at the reset because of a spike in an earlier step, like ``spiked``."""
    left = torch.zeros_like(spiked[0], dtype=refractory.dtype)
    held = []
    for now in spiked:
        held.append(left > 0)
        left = torch.where(now, refractory, left - 1)
    return torch.stack(held)
