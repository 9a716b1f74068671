"""Adjoints of a layer in continuous time, in closed form between spikes."""

from __future__ import annotations

import torch
from torch import Tensor

from hxtorch.spiking.functional.eventprop.crossing import response
from hxtorch.spiking.functional.eventprop.events import Neurons, Spikes


def adjoint_at_spikes(spikes: Spikes, neurons: Neurons, grad: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return ``p_v`` just before each spike, ``p_i`` at it and ``p_i`` at its release, (batch, neuron, spike) each."""
    number = int(spikes.count.max()) if spikes.count.numel() else 0
    before, at, released = (torch.zeros_like(spikes.times[..., :number]) for _ in range(3))
    p_v_next = p_i_next = later = torch.zeros_like(spikes.times[..., :1]).sum(2)
    for k in range(number - 1, -1, -1):
        time = spikes.times[..., k]
        exists = time.isfinite()
        free = time + neurons.refractory_time
        span = torch.where(later > free, later - free, 0.0)  # without a later spike its adjoints are zero anyway
        p_v = p_v_next * torch.exp(-span / neurons.tau_mem)
        released[..., k] = p_i_next * torch.exp(-span / neurons.tau_syn) + p_v_next * response(
            span, neurons.tau_mem, neurons.tau_syn
        )
        at[..., k] = released[..., k] * torch.exp(-neurons.refractory_time / neurons.tau_syn)
        rise = (spikes.current[..., k] - neurons.threshold) / neurons.tau_mem
        regained = p_v * (spikes.released[..., k] - neurons.reset) / neurons.tau_mem
        smallest = torch.finfo(rise.dtype).tiny
        before[..., k] = torch.where(exists, (regained - grad[..., k]) / rise.clamp(min=smallest), 0.0)
        p_v_next = torch.where(exists, before[..., k], p_v_next)
        p_i_next = torch.where(exists, at[..., k], p_i_next)
        later = torch.where(exists, time, later)
    return before, at, released


def adjoint_at(
    times: Tensor, spikes: Spikes, neurons: Neurons, before: Tensor, at: Tensor, released: Tensor
) -> tuple[Tensor, Tensor]:
    """Return ``p_v`` and ``p_i`` at ``times`` (batch, event) as (batch, neuron, event)."""
    number = before.shape[2]
    events = times[:, None, :].expand(-1, before.shape[1], -1).contiguous()
    if number == 0:
        return torch.zeros_like(events), torch.zeros_like(events)
    own = spikes.times[..., :number].contiguous()
    following = torch.searchsorted(own, events, right=True)
    tau_mem, tau_syn = neurons.tau_mem[:, None], neurons.tau_syn[:, None]

    index = following.clamp(max=number - 1)
    target = own.gather(2, index)
    ahead = (following < number) & target.isfinite()
    span = torch.where(ahead, target - events, 0.0)
    p_v = torch.where(ahead, before.gather(2, index), 0.0)
    p_i = torch.where(ahead, at.gather(2, index), 0.0)
    p_i = p_i * torch.exp(-span / tau_syn) + p_v * response(span, tau_mem, tau_syn)
    p_v = p_v * torch.exp(-span / tau_mem)

    latest = (following - 1).clamp(min=0)
    free = own.gather(2, latest) + neurons.refractory_time[:, None]
    held = (following > 0) & (events < free)
    wait = torch.where(held, free - events, 0.0)
    return torch.where(held, 0.0, p_v), torch.where(held, released.gather(2, latest) * torch.exp(-wait / tau_syn), p_i)
