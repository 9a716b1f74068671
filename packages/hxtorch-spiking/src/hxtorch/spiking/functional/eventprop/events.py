"""A layer in continuous time: its parameters, its input spikes in order, and its own spikes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.functional.eventprop.crossing import first_crossing, propagate
from hxtorch.spiking.functional.models.lif import CUBALIFParams


@dataclass(frozen=True, eq=False)
class Neurons:
    """Parameters, float64 (neuron,), potentials relative to the leak."""

    reset: Tensor
    threshold: Tensor
    tau_mem: Tensor
    tau_syn: Tensor
    refractory_time: Tensor

    @classmethod
    def of(cls, params: CUBALIFParams, weight: Tensor) -> Neurons:
        values = {}
        for name in ("leak", "reset", "threshold", "tau_mem", "tau_syn", "refractory_time"):
            value = getattr(params, name)
            if isinstance(value, Tensor) and value.requires_grad:
                raise ParameterError(f"{name}: asks for a gradient, which EventProp has for times and weights only")
            tensor = torch.as_tensor(value, dtype=torch.float64, device=weight.device)
            if tensor.shape not in ((), (1,), (len(weight),)) or not bool(tensor.isfinite().all()):
                raise ParameterError(f"{name}: got {value}, wanted a finite number or a tensor ({len(weight)},)")
            values[name] = tensor.expand(len(weight))
        leak = values.pop("leak")
        values["reset"] = values["reset"] - leak
        values["threshold"] = values["threshold"] - leak
        neurons = cls(**values)
        if not bool(((neurons.tau_mem > 0) & (neurons.tau_syn > 0) & (neurons.refractory_time >= 0)).all()):
            raise ParameterError(
                "tau_mem, tau_syn, refractory_time: wanted positive time constants, and no less than 0"
            )
        if not bool(((neurons.threshold > 0) & (neurons.threshold > neurons.reset)).all()):
            raise ParameterError("threshold: wanted it above leak and reset; others fire without input or for ever")
        return neurons


@dataclass(frozen=True, eq=False)
class Events:
    """Input spikes of a batch in their order.

    Attributes:
        times: Seconds, float64 (batch, event), clamped to the end.
        sources: Index of the input, (batch, event).
        order: Place of each event in the flattened input, (batch, event).
    """

    times: Tensor
    sources: Tensor
    order: Tensor

    @classmethod
    def of(cls, input: Tensor, end: float) -> Events:
        flat = input.detach().to(torch.float64).flatten(1)
        times, order = flat.sort(1)
        last = int((times < end).sum(1).max())  # what comes at the end or later changes nothing
        times, order = times[:, :last].clamp(max=end), order[:, :last]
        return cls(times, order // input.shape[2], order)


@dataclass(eq=False)
class Spikes:
    """Output spikes, float64 (batch, neuron, spike), and the currents at the spikes and when membranes are released."""

    times: Tensor
    current: Tensor
    released: Tensor
    count: Tensor

    def add(self, where: Tensor, time: Tensor, current: Tensor) -> None:
        """Append a spike to each neuron in ``where``, bool (batch, neuron)."""
        if bool((self.count[where] == self.times.shape[2]).any()):
            more = max(4, self.times.shape[2])
            self.times = torch.nn.functional.pad(self.times, (0, more), value=torch.inf)
            self.current, self.released = (
                torch.nn.functional.pad(value, (0, more)) for value in (self.current, self.released)
            )
        batch, neuron = where.nonzero(as_tuple=True)
        place = (batch, neuron, self.count[where])
        self.times[place] = time[where]
        self.current[place] = self.released[place] = current[where]
        self.count[where] += 1

    def release(self, where: Tensor, current: Tensor) -> None:
        """Note the current at the release of each neuron in ``where`` after its last spike."""
        batch, neuron = where.nonzero(as_tuple=True)
        self.released[batch, neuron, self.count[where] - 1] = current[where]


def integrate(events: Events, weight: Tensor, neurons: Neurons, end: float, max_spikes: int | None) -> Spikes:
    """Go from event to event.

    Args:
        events: Input spikes.
        weight: float64 (out_features, in_features).
        neurons: Parameters.
        end: Seconds.
        max_spikes: How many spikes of each neuron are looked for, or None.

    Returns:
        All spikes before the end.
    """
    shape = (len(events.times), len(weight))
    v, i, free, t = (weight.new_zeros(shape) for _ in range(4))  # free: end of the refractory time
    free.fill_(-torch.inf)
    count = torch.zeros(shape, dtype=torch.int64, device=v.device)
    none = weight.new_zeros((*shape, 0))
    spikes = Spikes(none, none, none, count)
    columns = weight.T
    last = events.times.new_full((shape[0], 1), end)
    borders = torch.cat([events.times, last], 1)
    for event in range(events.times.shape[1]):
        t = borders[:, event, None].expand(shape)
        until = borders[:, event + 1, None].expand(shape)
        i = i + columns[events.sources[:, event]]
        while True:
            held = free > t
            ready = torch.where(held, torch.minimum(free, until), t)
            i = i * torch.exp(-(ready - t) / neurons.tau_syn)
            t = ready
            done = held & (free <= until)
            if bool(done.any()):
                spikes.release(done, i)
            open_ = torch.where(free > t, 0.0, until - t)
            if max_spikes is not None:
                open_ = torch.where(spikes.count < max_spikes, open_, 0.0)
            crosses, delay = first_crossing(v, i, open_, neurons.threshold, neurons.tau_mem, neurons.tau_syn)
            if not bool(crosses.any()):
                break
            # Those that cross stop there, the others wait where they are for the last turn.
            i = torch.where(crosses, i * torch.exp(-delay / neurons.tau_syn), i)
            t = torch.where(crosses, t + delay, t)
            spikes.add(crosses, t, i)
            v = torch.where(crosses, neurons.reset, v)
            free = torch.where(crosses, t + neurons.refractory_time, free)
        if event + 1 < events.times.shape[1]:
            moved, i_moved = propagate(v, i, until - t, neurons.tau_mem, neurons.tau_syn)
            v, i = torch.where(free > t, v, moved), i_moved
    return spikes
