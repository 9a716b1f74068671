"""From traces over time to scores, and from spikes to the times of the first ones."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from hxtorch.spiking.doors import checked
from hxtorch.spiking.errors import ParameterError, TensorShapeError, TensorTypeError, TensorValueError

_GRADIENTS = ("surrogate", "eventprop")


class MaxOverTime(torch.nn.Module):
    """Take the maximum over time."""

    @checked
    def forward(self, input: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return scores (batch, neuron) of ``input`` (time, batch, neuron).

        Args:
            input: Traces.
            lengths: Steps of each entry, whole numbers (batch,), as :func:`~hxtorch.spiking.datasets.pad_collate` gives
                them; later steps do not count. None for all steps.

        Raises:
            TensorShapeError, TensorTypeError, TensorValueError: ``lengths`` are none of ``input``.
        """
        if lengths is not None:
            input = input.masked_fill(~_inside(input, lengths), -torch.inf)
        return input.max(0).values


class MeanOverTime(torch.nn.Module):
    """Take the mean over time."""

    @checked
    def forward(self, input: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return scores (batch, neuron) of ``input`` (time, batch, neuron); ``lengths`` as for :class:`MaxOverTime`."""
        if lengths is None:
            return input.mean(0)
        return (input * _inside(input, lengths)).sum(0) / lengths.to(input)[:, None]


class SumOverTime(torch.nn.Module):
    """Take the sum over time."""

    @checked
    def forward(self, input: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return scores (batch, neuron) of ``input`` (time, batch, neuron); ``lengths`` as for :class:`MaxOverTime`."""
        return (input if lengths is None else input * _inside(input, lengths)).sum(0)


@checked
class TimeToFirstSpike(torch.nn.Module):
    r"""Take the time of the first spike of each neuron; one that is silent gets the end of its entry.

    On a grid the time of the first spike is

    .. math::
        T = \sum_k k \, dt \, s_k \prod_{j < k} (1 - s_j) + T_\mathrm{end} \prod_j (1 - s_j),

    whose derivatives with respect to the spikes :math:`s` the surrogate gradient continues: a spike at an earlier step
    would come so much earlier, and without the first spike the second one would be the first. A silent neuron is told
    to spike.

    Args:
        dt: Step in seconds.
        gradient: "surrogate" for these derivatives, for neurons with a surrogate gradient; "eventprop" for the
            derivative with respect to the time of the spike, 1/s, which
            :class:`~hxtorch.spiking.EventPropLIF` expects. Silent neurons have none then.

    Raises:
        ParameterError: ``dt`` is not positive, or there is no such gradient.
    """

    def __init__(self, dt: float = 1e-6, gradient: str = "surrogate") -> None:
        super().__init__()
        if not dt > 0:
            raise ParameterError(f"dt: got {dt}, wanted a positive number")
        if gradient not in _GRADIENTS:
            raise ParameterError(f"gradient: got {gradient!r}, wanted one of {', '.join(_GRADIENTS)}")
        self.dt = dt
        self.gradient = gradient

    @checked
    def forward(self, spikes: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return times in seconds, (batch, neuron).

        Args:
            spikes: Zeros and ones, floating (time, batch, neuron).
            lengths: As for :class:`MaxOverTime`.

        Raises:
            TensorShapeError: ``spikes`` has other axes.
            TensorShapeError, TensorTypeError, TensorValueError: ``lengths`` are none of ``spikes``.
        """
        if spikes.ndim != 3 or not len(spikes):
            raise TensorShapeError(f"spikes: got shape {tuple(spikes.shape)}, wanted (time, batch, neuron)")
        if lengths is None:
            lengths = torch.full((spikes.shape[1],), len(spikes), device=spikes.device)
        else:
            spikes = spikes * _inside(spikes, lengths)
        times: Tensor = _FirstSpike.apply(spikes, lengths, self.dt, self.gradient)  # type: ignore[no-untyped-call]
        return times


@checked
class TimeToFirstSpikeLoss(torch.nn.Module):
    r"""Let the neuron of the right class spike first: cross entropy of a softmin over first spike times.

    .. math::
        L = -\ln \frac{e^{-t_y / \tau}}{\sum_n e^{-t_n / \tau}} + \alpha \, (e^{t_y / (\beta \tau)} - 1)

    Args:
        tau: Scale of the times in seconds, about a synaptic time constant.
        alpha: Weight of the second term, which draws the right spike to early times; 0 for none.
        beta: Scale of that term, in units of ``tau``.

    Raises:
        ParameterError: ``tau`` or ``beta`` is not positive, or ``alpha`` is negative.

    Source:
        Göltz et al., "Fast and energy-efficient neuromorphic deep learning with first-spike times", Nature Machine
        Intelligence 3 (2021).
    """

    def __init__(self, tau: float = 10e-6, alpha: float = 0.0, beta: float = 1.0) -> None:
        super().__init__()
        for name, value in (("tau", tau), ("beta", beta)):
            if not value > 0:
                raise ParameterError(f"{name}: got {value}, wanted a positive number")
        if not alpha >= 0:
            raise ParameterError(f"alpha: got {alpha}, wanted zero or more")
        self.tau, self.alpha, self.beta = tau, alpha, beta

    @checked
    def forward(self, times: Tensor, labels: Tensor) -> Tensor:
        """Return the mean loss, a scalar.

        Args:
            times: First spike times in seconds, (batch, class), as :class:`TimeToFirstSpike` gives them.
            labels: Classes, int64 (batch,).
        """
        loss = torch.nn.functional.cross_entropy(-times / self.tau, labels)
        if self.alpha:
            right = times.gather(1, labels[:, None])
            loss = loss + self.alpha * torch.expm1(right / (self.beta * self.tau)).mean()
        return loss


class _FirstSpike(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, spikes: Tensor, lengths: Tensor, dt: float, gradient: str) -> Tensor:
        first, end = _first(spikes != 0, lengths), lengths[:, None].expand(spikes.shape[1:])
        ctx.save_for_backward(spikes, first, end)
        ctx.dt, ctx.gradient = dt, gradient
        return first.to(spikes.dtype) * dt

    @staticmethod
    @torch.autograd.function.once_differentiable  # type: ignore[misc, unused-ignore]
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None, None]:
        spikes, first, end = ctx.saved_tensors
        steps = torch.arange(len(spikes), device=spikes.device)[:, None, None]
        at_first = steps == first
        if ctx.gradient == "eventprop":
            return grads[0] * (at_first & (first < end)), None, None, None
        second = _first((spikes != 0) & ~at_first, end[:, 0])
        moved = torch.where(at_first, first - second, steps - first) * (steps <= first) * (steps < end)
        return grads[0] * moved * ctx.dt, None, None, None


def _first(spikes: Tensor, lengths: Tensor) -> Tensor:
    """Return the step of the first spike (batch, neuron) of booleans (time, batch, neuron), or the entry's length."""
    return torch.where(spikes.any(0), spikes.byte().argmax(0), lengths[:, None])


def _inside(traces: Tensor, lengths: Tensor) -> Tensor:
    """Return which steps of each entry count, bool (time, batch, 1)."""
    steps, batch = traces.shape[:2]
    if lengths.shape != (batch,):
        raise TensorShapeError(f"lengths: got shape {tuple(lengths.shape)}, wanted ({batch},), one for each entry")
    if lengths.is_floating_point() or lengths.dtype == torch.bool:
        raise TensorTypeError(f"lengths: got {lengths.dtype}, wanted whole numbers of steps")
    if not bool(((lengths >= 1) & (lengths <= steps)).all()):
        raise TensorValueError(f"lengths: got {lengths.tolist()}, wanted 1 to {steps} steps")
    return (torch.arange(steps, device=traces.device)[:, None] < lengths.to(traces.device))[:, :, None]
