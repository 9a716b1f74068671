r"""Exact-time EventProp: spikes found in continuous time, and exact derivatives of their times.

Between events membranes and adjoints have closed forms; only events are stored. For an input of a neuron at :math:`t`,
its next own spike at :math:`T`, and no refractory time in between,

.. math::
    p_v(t) = p_v(T) e^{-(T - t) / \tau_m}, \qquad
    p_i(t) = p_i(T) e^{-(T - t) / \tau_s} + p_v(T) k(T - t),

with :math:`p_v = -\tau_m \lambda_v`, :math:`p_i = -\tau_s \lambda_i` and :math:`k` the response of the membrane to a
current. A weight's gradient is :math:`p_i` summed over its spikes; a spike's is :math:`w \dot p_i` summed over its
targets.

Source:
    Wunderlich and Pehle, Scientific Reports 11 (2021).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from hxtorch.spiking.doors import checked
from hxtorch.spiking.errors import ParameterError, TensorShapeError, TensorValueError
from hxtorch.spiking.functional.eventprop.adjoint import adjoint_at, adjoint_at_spikes
from hxtorch.spiking.functional.eventprop.events import Events, Neurons, integrate
from hxtorch.spiking.functional.models.lif import CUBALIFParams

_BLOCK = 1 << 20  # numbers of one block of adjoints


@checked
def exact_lif_spike_times(
    input: Tensor, weight: Tensor, params: CUBALIFParams, end: float = torch.inf, max_spikes: int | None = None
) -> Tensor:
    r"""Return the spike times of a layer of leaky integrate-and-fire neurons in continuous time.

    .. math::
        \tau_m \dot v = -(v - v_l) + i, \qquad \dot i = -i / \tau_s + \sum_k w_k \delta(t - t_k), \qquad
        v > \vartheta \Rightarrow v \to v_r

    for any ratio of the time constants. Derivatives of the times with respect to weights and input times are exact,
    so layers can follow each other. A spike that vanishes or appears is no derivative's matter; where a membrane only
    just reaches its threshold, derivatives are arbitrarily large.

    Numerics are float64 inside whatever the inputs are. Layers are feed-forward, without delays, and in the model only:
    no recording of a chip takes part. Surrogate and its steepness in ``params`` do not matter, and no gradient reaches
    the parameters.

    Args:
        input: Times of the input spikes in seconds, floating (batch, in_features) or (batch, in_features, spike);
            infinity for no spike. Order is free.
        weight: Weights in model units (out_features, in_features).
        params: Parameters in model units, numbers or tensors (out_features,). The threshold is above leak and reset.
        end: Seconds after which nothing happens.
        max_spikes: How many spikes of each neuron are looked for, at least 1; None for all. A neuron is silent
            after that, which is all that a loss on first spikes needs.

    Returns:
        Spike times in ascending order, (batch, out_features, spike), with infinity behind each neuron's last one. There
        is at least one place per neuron. Gradients that arrive at infinities are ignored.

    Raises:
        TensorShapeError: Input and weight do not fit.
        TensorValueError: Times hold NaN or minus infinity, or the weight is not finite.
        ParameterError: A parameter has a value that the model does not have or asks for a gradient.
    """
    if input.ndim not in (2, 3) or weight.ndim != 2 or input.shape[1] != weight.shape[1] or 0 in input.shape:
        raise TensorShapeError(
            f"input: got shape {tuple(input.shape)} for weights {tuple(weight.shape)}, wanted (batch, in_features) or "
            "(batch, in_features, spike) and (out_features, in_features), none of them empty"
        )
    if bool((input.isnan() | (input == -torch.inf)).any()) or not bool(weight.isfinite().all()):
        raise TensorValueError("input: wanted times that are no NaN nor minus infinity, and finite weights")
    if max_spikes is not None and (isinstance(max_spikes, bool) or not isinstance(max_spikes, int) or max_spikes < 1):
        raise ParameterError(f"max_spikes: got {max_spikes!r}, wanted None or a whole number of at least 1")
    neurons = Neurons.of(params, weight)
    times = input if input.ndim == 3 else input[..., None]
    found: Tensor = ExactEventPropFunction.apply(  # type: ignore[no-untyped-call]
        times, weight, neurons, end, max_spikes
    )
    return found


class ExactEventPropFunction(torch.autograd.Function):
    """Spike times of a layer and their derivatives; see :func:`exact_lif_spike_times`, which checks its arguments."""

    @staticmethod
    def forward(
        ctx: Any, input: Tensor, weight: Tensor, neurons: Neurons, end: float, max_spikes: int | None
    ) -> Tensor:
        """Return the spike times (batch, out_features, spike) for input times (batch, in_features, spike)."""
        events = Events.of(input, end)
        spikes = integrate(events, weight.detach().to(torch.float64), neurons, end, max_spikes)
        ctx.save_for_backward(weight)
        ctx.neurons, ctx.events, ctx.spikes, ctx.shape, ctx.type = neurons, events, spikes, input.shape, input.dtype
        most = max(1, int(spikes.count.max()))
        times = spikes.times[..., :most]
        if times.shape[2] < most:
            times = torch.nn.functional.pad(times, (0, most), value=torch.inf)
        return times.to(input.dtype)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grad_outputs: Any) -> tuple[Tensor, Tensor, None, None, None]:
        """Jump from spike to spike backwards in time, then evaluate the adjoints at all inputs."""
        neurons, events, spikes = ctx.neurons, ctx.events, ctx.spikes
        (weight,) = ctx.saved_tensors
        columns = weight.to(torch.float64).T
        adjoint = adjoint_at_spikes(spikes, neurons, grad_outputs[0].to(torch.float64))
        grad_columns = torch.zeros_like(columns)
        grad_times = events.times.new_zeros((ctx.shape[0], ctx.shape[1] * ctx.shape[2]))
        block = max(1, _BLOCK // max(1, spikes.count.numel()))
        for start in range(0, events.times.shape[1], block):
            part = slice(start, start + block)
            sources = events.sources[:, part]
            p_v, p_i = adjoint_at(events.times[:, part], spikes, neurons, *adjoint)
            grad_columns.index_add_(0, sources.flatten(), p_i.transpose(1, 2).flatten(0, 1))
            slope = p_i / neurons.tau_syn[:, None] - p_v / neurons.tau_mem[:, None]
            by_time = (columns[sources] * slope.transpose(1, 2)).sum(2)
            grad_times.scatter_(1, events.order[:, part], by_time)
        return grad_times.reshape(ctx.shape).to(ctx.type), grad_columns.T.to(weight.dtype), None, None, None
