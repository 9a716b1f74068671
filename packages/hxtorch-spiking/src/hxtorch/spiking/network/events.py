"""Spikes as events: when, in which batch entry, of which neuron."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from hxtorch.core import CYCLE, in_cycles
from hxtorch.spiking.errors import ExperimentError, TensorShapeError

if TYPE_CHECKING:
    from hxtorch.core import SpikeHandle


class SpikeEvents(NamedTuple):
    """Spikes of one population, sorted by batch entry and then by time.

    Attributes:
        times: Since the start of the run, in cycles of 8 ns, int64 (spike,).
        batches: Entry of the batch, int64 (spike,).
        neurons: Neuron in the population, int64 (spike,).
    """

    times: Tensor
    batches: Tensor
    neurons: Tensor

    @property
    def seconds(self) -> Tensor:
        """Times in seconds, float64 (spike,)."""
        return self.times.double() * CYCLE

    @classmethod
    def of_grid(cls, spikes: Tensor, dt: float) -> SpikeEvents:
        """Return the events of a grid of time: a spike in step ``k`` is at ``k dt``, in the nearest cycle.

        Args:
            spikes: What is not 0 is a spike, (time, batch, neuron).
            dt: Step in seconds.

        Raises:
            TensorShapeError: ``spikes`` has other axes.
        """
        if spikes.ndim != 3:
            raise TensorShapeError(f"spikes: got shape {tuple(spikes.shape)}, wanted (time, batch, neuron)")
        batches, steps, neurons = spikes.detach().movedim(1, 0).nonzero().unbind(1)
        return cls((steps * in_cycles(dt)).round().long(), batches, neurons)

    @classmethod
    def of_recording(cls, recorded: SpikeHandle) -> SpikeEvents:
        """Return the events of a :class:`hxtorch.core.SpikeHandle`."""
        arrays = recorded.times, recorded.batches, recorded.indices
        return cls(*(torch.from_numpy(array.copy()) for array in arrays))  # which others have too


def events_of(name: str, spikes: Tensor | None, known: SpikeHandle | SpikeEvents | float | None) -> SpikeEvents:
    """Return the spikes of a handle as events.

    Args:
        name: Of its type.
        spikes: Its spikes, or None.
        known: What a chip recorded, or its events; or the step of the grid in seconds; or None if neither is known.

    Raises:
        ExperimentError: There are no spikes, or no step is known.
    """
    if spikes is None:
        raise ExperimentError(f"{name}: has no spikes; run the experiment first, and ask a handle of firing neurons")
    if isinstance(known, SpikeEvents):
        return known
    if known is None:
        raise ExperimentError(
            f"{name}: was filled by hand, so its step is not known; write SpikeEvents.of_grid(handle.spikes, dt)"
        )
    if isinstance(known, (int, float)):
        return SpikeEvents.of_grid(spikes, known)
    return SpikeEvents.of_recording(known)
