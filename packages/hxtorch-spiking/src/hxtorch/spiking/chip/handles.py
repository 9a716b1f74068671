"""Recordings of one population as tensors, for scripts that run networks themselves.

They are the handles of :mod:`hxtorch.core` that know the length of their run and give tensors.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from hxtorch import core
from hxtorch.core import CYCLE, as_array, tensor_to_spike_times
from hxtorch.spiking.chip.recording import PopulationRecording, read_spikes
from hxtorch.spiking.errors import ParameterError

if TYPE_CHECKING:
    from hxtorch.core import NetworkGraph, PopulationDescriptor, SpikingResult

_MODES = {"linear": "linear", "nn": "nearest", "nearest": "nearest"}


@dataclass(frozen=True, eq=False)
class DataHandle(ABC):
    """Base of what is recorded of one population.

    Attributes:
        runtime: Length of the run in cycles of 8 ns.
    """

    runtime: int

    @abstractmethod
    def get_data(self) -> Tensor:
        """Return everything that was recorded."""

    def _grid(self, runtime: float | None, dt: float | None) -> tuple[float, float]:
        """Return length and step of a grid in seconds; one number alone is the step."""
        if dt is None:
            runtime, dt = None, runtime
        if dt is None:
            raise ParameterError("to_dense: got no step, wanted to_dense(dt) or to_dense(runtime, dt) in seconds")
        return (self.runtime * CYCLE if runtime is None else float(runtime)), float(dt)


@dataclass(frozen=True, eq=False)
class SpikeHandle(core.SpikeHandle, DataHandle):
    """Spikes of one population."""

    def get_data(self) -> Tensor:
        """Return spikes as a sparse tensor of ones, float32 (cycle of 8 ns, batch, neuron)."""
        where = torch.from_numpy(np.stack([self.times, self.batches, self.indices]))
        shape = self.runtime + 1, self.batch_size, self.size
        return torch.sparse_coo_tensor(where, torch.ones(where.shape[1]), shape, check_invariants=True)

    def to_dense(self, runtime: float | None = None, dt: float | None = None) -> Tensor:  # type: ignore[override]
        """Put spikes on a grid: 1 at index ``round(t / dt)``, also where several fall together.

        Args:
            runtime: Length of the grid in seconds; that of the run if only one number is given, which is the step.
            dt: Step in seconds.

        Returns:
            Zeros and ones, float32 (time, batch, neuron), ``ceil(runtime / dt) + 1`` points of time.
        """
        return read_spikes(self, *self._grid(runtime, dt))


@dataclass(frozen=True, eq=False)
class CADCHandle(core.CADCHandle, DataHandle):
    """Samples of the column ADC of one population."""

    def get_data(self) -> Tensor:
        """Return samples as a sparse tensor in LSB (raw - 128), float32 (cycle of 8 ns, batch, neuron)."""
        where, values = [], []
        for batch in range(self.batch_size):
            for times, samples, neurons in self.entry(batch):
                grid = np.broadcast_arrays(times[:, np.newaxis], batch, neurons)
                where.append(np.stack([np.ravel(axis) for axis in grid]).astype(np.int64))
                values.append(samples.reshape(-1).astype(np.float32))
        shape = self.runtime + 1, self.batch_size, self.size
        at, what = torch.from_numpy(np.concatenate(where, 1)), torch.from_numpy(np.concatenate(values))
        return torch.sparse_coo_tensor(at, what, shape, check_invariants=True)

    def to_dense(  # type: ignore[override]
        self, runtime: float | None = None, dt: float | None = None, mode: str = "linear"
    ) -> Tensor:
        """Interpolate the samples on a grid; the ends are extended.

        Args:
            runtime: Length of the grid in seconds; that of the run if only one number is given, which is the step.
            dt: Step in seconds.
            mode: ``linear``, or ``nn`` for the nearest sample.

        Returns:
            LSB (raw - 128), float32 (time, batch, neuron), ``ceil(runtime / dt) + 1`` points of time.
        """
        if mode not in _MODES:
            raise ParameterError(f"mode: got {mode!r}, wanted 'linear' or 'nn'")
        length, step = self._grid(runtime, dt)
        return torch.from_numpy(core.CADCHandle.to_dense(self, length, step, _MODES[mode]))


@dataclass(frozen=True, eq=False)
class MADCHandle(core.MADCHandle, DataHandle):
    """Samples of the membrane ADC, which records one neuron."""

    def get_data(self) -> Tensor:
        """Return times in cycles of 8 ns and codes 0..1023, float32 (2, samples, batch).

        Batch entries have the same number of samples: that of the shortest one.
        """
        count = int(np.diff(self.batch_offsets).min())
        entries = [self.entry(batch) for batch in range(self.batch_size)]
        rows = [np.stack([part[:count] for part in parts], 1) for parts in zip(*entries, strict=True)]
        return torch.from_numpy(np.stack([rows[0] / CYCLE, rows[1]]).astype(np.float32))


_Plain = TypeVar("_Plain", core.SpikeHandle, core.CADCHandle, core.MADCHandle)
_Handle = TypeVar("_Handle", SpikeHandle, CADCHandle, MADCHandle)


def _timed(plain: _Plain, kind: type[_Handle], runtime: int) -> _Handle:
    return kind(runtime=runtime, **{one.name: getattr(plain, one.name) for one in fields(plain)})


def _with_runtime(found: Mapping[Any, _Plain], kind: type[_Handle], runtime: int) -> dict[Any, _Handle]:
    return {population: _timed(plain, kind, runtime) for population, plain in found.items()}


def as_tensors(recording: PopulationRecording, seconds: float) -> PopulationRecording:
    """Return what was recorded of a population in a run of ``seconds``, by handles that give tensors."""
    kinds: dict[str, type[Any]] = {"spikes": SpikeHandle, "cadc": CADCHandle, "madc": MADCHandle}
    found = {name: getattr(recording, name) for name in kinds}
    cycles = round(seconds / CYCLE)
    there = {name: _timed(part, kinds[name], cycles) for name, part in found.items() if part is not None}
    return PopulationRecording(**there)


def extract_spikes(
    data: SpikingResult, network_graph: NetworkGraph, runtime: int
) -> dict[PopulationDescriptor, SpikeHandle]:
    """Sort the spikes of a run of ``runtime`` cycles to populations; see :func:`hxtorch.core.extract_spikes`."""
    return _with_runtime(core.extract_spikes(data, network_graph, runtime), SpikeHandle, runtime)


def extract_cadc(
    data: SpikingResult, network_graph: NetworkGraph, runtime: int
) -> dict[PopulationDescriptor, CADCHandle]:
    """Sort the CADC samples of a run of ``runtime`` cycles to populations; see :func:`hxtorch.core.extract_cadc`."""
    return _with_runtime(core.extract_cadc(data, network_graph, runtime), CADCHandle, runtime)


def extract_madc(
    data: SpikingResult, network_graph: NetworkGraph, runtime: int
) -> dict[PopulationDescriptor, MADCHandle]:
    """Return the MADC samples of a run of ``runtime`` cycles; see :func:`hxtorch.core.extract_madc`."""
    return _with_runtime(core.extract_madc(data, network_graph, runtime), MADCHandle, runtime)


def dense_spikes_to_list(spikes: Any, size_or_dt: float) -> list[list[list[float]]]:
    """List spikes by batch entry and neuron.

    Args:
        spikes: Two tensors (batch, spikes), times and the neurons that fire at them, told apart by their types (neurons
            are integers); or a grid (time, batch, neuron) whose values that are not 0 are spikes.
        size_or_dt: Number of neurons for two tensors, step in seconds for a grid.

    Returns:
        Times as given, or in seconds for a grid, ascending.

    Raises:
        ParameterError: The tensors do not fit together, or a neuron does not exist.
    """
    if not isinstance(spikes, tuple | list):
        return tensor_to_spike_times(spikes, size_or_dt)
    pair = [as_array(part) for part in spikes]
    pair.sort(key=lambda part: part.dtype.kind not in "iu")
    if len(pair) != 2 or pair[0].shape != pair[1].shape or pair[0].ndim != 2 or pair[0].dtype.kind not in "iu":
        shapes = ", ".join(f"{part.dtype} {part.shape}" for part in pair)
        raise ParameterError(f"spikes: got {shapes}, wanted times, real, and neurons, integers, both (batch, spikes)")
    neurons, times = pair
    size = int(size_or_dt)
    if neurons.size and not (neurons.min() >= 0 and neurons.max() < size):
        raise ParameterError(f"spikes: got neurons {neurons.min()} to {neurons.max()}, wanted 0 to {size - 1}")
    return [
        [sorted(entry_times[entry_neurons == neuron].tolist()) for neuron in range(size)]
        for entry_neurons, entry_times in zip(neurons, times, strict=True)
    ]
