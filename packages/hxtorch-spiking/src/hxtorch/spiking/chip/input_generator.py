"""Spikes of the sources of one network, collected on their way to a chip."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor

from hxtorch import core
from hxtorch.spiking._kernels.chip import trains
from hxtorch.spiking.errors import ExperimentWarning, TensorShapeError

ON_CHIP_LATENCY = 13
"""Cycles of 8 ns from a neuron to synapses of the same chip: so a network gives the same wherever it is cut."""


class InputGenerator:
    """Collects what each source population sends in one run.

    Args:
        runtime: Length of the run in steps; what comes later is left out.
        dt: Step in seconds.
        batch_size: Number of batch entries, None for that of what is added first.
    """

    def __init__(self, runtime: int, dt: float, batch_size: int | None = None) -> None:
        self.runtime = runtime
        self.dt = dt
        self._trains: dict[core.PopulationDescriptor, core.SpikeTrains] = {}
        self._batch_size = batch_size

    def add(self, population: core.PopulationDescriptor, spikes: Tensor, sender: Any = None) -> None:
        """Send spikes.

        Args:
            population: An external population.
            spikes: What is not zero is a spike (time, batch, source).
            sender: The layer that sends or reads them, which warnings name.

        Raises:
            TensorShapeError: Populations differ in the batch size.
        """
        whole = spikes.detach()
        if whole.ndim == 2:
            whole = whole.unsqueeze(1)
        steps = whole.shape[0]
        spikes = whole if steps <= self.runtime else whole[: self.runtime]
        if not spikes.is_cpu:
            spikes = spikes.cpu()
        if not spikes.is_contiguous():
            spikes = spikes.contiguous()
        if spikes.dtype not in (torch.float32, torch.float64):
            spikes = spikes.to(torch.float64)
        if self._batch_size not in (None, spikes.shape[1]):
            raise TensorShapeError(
                f"input spikes: got {spikes.shape[1]} batch entries, wanted {self._batch_size} like other inputs"
            )
        step = core.in_cycles(self.dt)
        found = trains.find(spikes.numpy(), step)
        if found is None:
            graded = spikes[(spikes != 0) & (spikes != 1)]
            _say_once(
                sender,
                "graded",
                f"{len(graded)} inputs are neither 0 nor 1, the first {float(graded[0]):g}: a chip sends one spike for "
                "each, while the model takes the number; send (x != 0).float()",
            )
            found = trains.find((spikes != 0).to(torch.float32).numpy(), step)
            assert found is not None  # noqa: S101 - there are zeros and ones now
        if steps > self.runtime and bool(whole[self.runtime :].any()):
            late = int(torch.count_nonzero(whole[self.runtime :]))
            _say_once(
                sender,
                "late",
                f"{late} input spikes are at or after the runtime of {self.runtime} steps, which the chip does not "
                f"get; run for {len(whole)} steps",
            )
        times, batches, indices, offsets = found
        length, self._batch_size, sources = spikes.shape
        cycles = self._cycles
        if round((length - 1) * step) < cycles:
            new = core.SpikeTrains.sorted_within(cycles, sources, times, indices, batches, offsets)
        else:  # steps below a cycle, of which the last one may be too late: a run says which
            new = core.SpikeTrains(times, indices, batches)
        self._trains[population] = new

    def done(self) -> core.NetworkInputs:
        """Return everything that was added, for ``hxtorch.core.run``."""
        return core.NetworkInputs(self._cycles, self._batch_size or 1, self._trains)

    @property
    def _cycles(self) -> int:
        return round(self.runtime * self.dt / core.CYCLE)


def _say_once(sender: Any, kind: str, text: str) -> None:
    """Warn, of each layer once for each kind of thing."""
    said = sender.__dict__.setdefault("_said", set()) if hasattr(sender, "__dict__") else set()
    if kind not in said:
        said.add(kind)
        label = getattr(sender, "label", "input spikes")
        warnings.warn(f"{label}: {text}", ExperimentWarning, stacklevel=2)
