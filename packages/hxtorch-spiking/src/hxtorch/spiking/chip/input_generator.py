"""Spikes of the sources of one network, collected on their way to a chip."""

from __future__ import annotations

import torch
from torch import Tensor

from hxtorch import core
from hxtorch.spiking._kernels.chip import trains
from hxtorch.spiking.errors import TensorShapeError, TensorValueError

ON_CHIP_LATENCY = 13
"""Cycles of 8 ns from a neuron to synapses of the same chip: so a network gives the same wherever it is cut."""


class InputGenerator:
    """Collects what each source population sends in one run.

    Args:
        runtime: Length of the run in steps; what comes later is left out.
        dt: Step in seconds.
    """

    def __init__(self, runtime: int, dt: float) -> None:
        self.runtime = runtime
        self.dt = dt
        self._trains: dict[core.PopulationDescriptor, core.SpikeTrains] = {}
        self._batch_size: int | None = None

    def add(self, population: core.PopulationDescriptor, spikes: Tensor) -> None:
        """Send spikes.

        Args:
            population: An external population.
            spikes: Zeros and ones (time, batch, source).

        Raises:
            TensorValueError: A value is neither 0 nor 1.
            TensorShapeError: Populations differ in the batch size.
        """
        spikes = spikes[: self.runtime].detach().cpu().contiguous()
        if spikes.dtype not in (torch.float32, torch.float64):
            spikes = spikes.to(torch.float64)
        found = trains.find(spikes.numpy())
        if found is None:
            bad = float(spikes[(spikes != 0) & (spikes != 1)][0])
            raise TensorValueError(f"input spikes: got {bad}, wanted 0 or 1: a chip sends events, not numbers")
        steps, batches, indices = found
        if self._batch_size not in (None, spikes.shape[1]):
            raise TensorShapeError(
                f"input spikes: got {spikes.shape[1]} batch entries, wanted {self._batch_size} like other inputs"
            )
        self._batch_size = spikes.shape[1]
        self._trains[population] = core.SpikeTrains.from_steps(steps, indices, batches, self.dt)

    def forward(self, population: core.PopulationDescriptor, recorded: core.SpikeHandle) -> None:
        """Send spikes that a chip recorded, when they would arrive at synapses of the same chip.

        Args:
            population: An external population.
            recorded: What neurons of another execution instance sent in this run.
        """
        arrivals = recorded.times + ON_CHIP_LATENCY
        there = arrivals < self._cycles
        self._batch_size = recorded.batch_size
        self._trains[population] = core.SpikeTrains(arrivals[there], recorded.indices[there], recorded.batches[there])

    def done(self) -> core.NetworkInputs:
        """Return everything that was added, for ``hxtorch.core.run``."""
        return core.NetworkInputs(self._cycles, self._batch_size or 1, self._trains)

    @property
    def _cycles(self) -> int:
        return round(self.runtime * self.dt / core.CYCLE)
