"""Input spikes of external populations, and their way to labelled events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bss2_emulator.facts.constants import MAX_RUNTIME
from hxtorch.core.arguments import checked
from hxtorch.core.errors import ProgramError
from hxtorch.core.networks.network import PopulationDescriptor
from hxtorch.core.networks.populations import ExternalPopulation
from hxtorch.core.runs.graph import NetworkGraph
from hxtorch.core.seam.arrays import as_array
from hxtorch.core.seam.integers import frozen, legal_integer
from hxtorch.core.seam.programs import CYCLE, InputEvents, check_runtime, in_cycles


class _Known(NamedTuple):
    """Limits of spikes in order, and where the batch entries begin; see :meth:`SpikeTrains.sorted_within`."""

    runtime: int
    size: int
    offsets: np.ndarray

    def fits(self, size: int, inputs: NetworkInputs) -> bool:
        """Tell whether all spikes are of the sources, the batch entries and the time of a run."""
        return self.size <= size and self.runtime <= inputs.runtime and len(self.offsets) == inputs.batch_size + 1


@checked
@dataclass(frozen=True, eq=False)
class SpikeTrains:
    """Spikes of one population in any order.

    Attributes:
        times: Cycles of 8 ns since the start of the run, at least 0, int64 (spikes,).
        indices: Source in the population, int64 (spikes,).
        batches: Batch entry, int64 (spikes,).
    """

    times: np.ndarray
    indices: np.ndarray
    batches: np.ndarray

    _known: ClassVar[_Known | None] = None
    """What is known of spikes by the way they were made."""

    def __post_init__(self) -> None:
        for name, values in (("times", self.times), ("indices", self.indices), ("batches", self.batches)):
            values = values if type(values) is np.ndarray else np.asarray(values)
            if values.dtype.kind not in "iu" or values.ndim != 1:
                raise ProgramError(f"{name}: got {values.dtype} {values.shape}, wanted a flat array of integers")
            object.__setattr__(self, name, frozen(values, np.int64))
        if not self.times.size == self.indices.size == self.batches.size:
            raise ProgramError("spikes: got times, indices and batches of different lengths")

    @classmethod
    def sorted_within(
        cls,
        runtime: int,
        size: int,
        times: np.ndarray,
        indices: np.ndarray,
        batches: np.ndarray,
        offsets: np.ndarray,
    ) -> SpikeTrains:
        """Return spikes that are legal by the way they were made, by batch entry and time; they are not looked at.

        Args:
            runtime: Cycles within which they lie.
            size: Sources among which they are.
            times: As above, like what follows.
            indices: See above.
            batches: See above.
            offsets: Entry ``b`` has the spikes from ``offsets[b]`` to ``offsets[b + 1]``, int64 (batch + 1,).
        """
        new = object.__new__(cls)
        new.__dict__.update(
            times=frozen(times, np.int64),
            indices=frozen(indices, np.int64),
            batches=frozen(batches, np.int64),
            _known=_Known(runtime, size, frozen(offsets, np.int64)),
        )
        return new

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is known: arrays of a copy can be written to."""
        return {name: value for name, value in vars(self).items() if name != "_known"}

    @classmethod
    def from_dense(cls, spikes: Any, dt: float) -> SpikeTrains:
        """Read a grid of spikes.

        Args:
            spikes: Grid (time, batch, source); what is not 0 is a spike. Anything that NumPy can read, and tensors.
            dt: Step of the grid in seconds.

        Raises:
            ProgramError: The grid has another number of axes, holds NaN, or ``dt`` is not positive.
        """
        steps, batches, indices = np.nonzero(_legal_grid(spikes))
        return cls.from_steps(steps, indices, batches, dt)

    @classmethod
    def from_steps(cls, steps: np.ndarray, indices: np.ndarray, batches: np.ndarray, dt: float) -> SpikeTrains:
        """Read spikes in steps of a grid.

        Args:
            steps: Times in units of ``dt``, real (spikes,).
            indices: Source in the population, integers (spikes,).
            batches: Batch entry, integers (spikes,).
            dt: Step of the grid in seconds.

        Raises:
            ProgramError: A time is negative or beyond any run, or ``dt`` is not positive.
        """
        return cls(_to_cycles(steps, dt), indices, batches)

    @classmethod
    def from_times(cls, times: Any, dt: float = 1.0) -> SpikeTrains:
        """Read spike times.

        Args:
            times: Times in units of ``dt``, real (batch, source, spikes); infinity stands for no spike. Anything that
                NumPy can read, and tensors.
            dt: Unit of ``times`` in seconds.

        Returns:
            The spikes that are there.

        Raises:
            ProgramError: The times have another number of axes, are NaN or negative, or ``dt`` is not positive.
        """
        values = np.asarray(as_array(times), np.float64)
        if values.ndim != 3:
            raise ProgramError(f"spike times: got shape {values.shape}, wanted (batch, source, spikes)")
        if np.isnan(values).any():
            raise ProgramError("spike times: got NaN; use infinity for no spike")
        batches, indices, entries = np.nonzero(np.isfinite(values))
        return cls(_to_cycles(values[batches, indices, entries], dt), indices, batches)


@checked
def tensor_to_spike_times(times: Any, dt: float) -> list[list[list[float]]]:
    """List the spikes of a grid of time, for reading; a run takes :class:`SpikeTrains`.

    Args:
        times: Grid (time, batch, neuron); any value that is not 0 is a spike. Anything that NumPy can read, and
            tensors.
        dt: Step of the grid in seconds.

    Returns:
        By batch entry and neuron: times in seconds, ascending.

    Raises:
        ProgramError: The grid has another number of axes, holds NaN, or ``dt`` is not positive.
    """
    grid = _legal_grid(times)
    in_cycles(dt)  # refuses steps that are none
    trains: list[list[list[float]]] = [[[] for _ in range(grid.shape[2])] for _ in range(grid.shape[1])]
    for step, batch, neuron in zip(*(axis.tolist() for axis in np.nonzero(grid)), strict=True):
        trains[batch][neuron].append(step * dt)
    return trains


def _legal_grid(spikes: Any) -> np.ndarray:
    grid = as_array(spikes)
    if grid.ndim != 3:
        raise ProgramError(f"spikes: got shape {grid.shape}, wanted (time, batch, source)")
    if grid.dtype.kind == "f" and np.isnan(grid).any():
        raise ProgramError("spikes: got NaN, wanted 0 or 1")
    return grid


def _to_cycles(times: np.ndarray, dt: float) -> np.ndarray:
    cycles = np.rint(times * in_cycles(dt))
    if cycles.size and not (np.minimum.reduce(cycles, None) >= 0 and np.maximum.reduce(cycles, None) <= MAX_RUNTIME):
        bad = cycles[~((cycles >= 0) & (cycles <= MAX_RUNTIME))]
        raise ProgramError(f"spike times: got {bad[0] * CYCLE} s, wanted 0 to {MAX_RUNTIME * CYCLE:.2f} s")
    return cycles.astype(np.int64)


@checked
@dataclass(frozen=True)
class NetworkInputs:
    """What external populations send in one run.

    Attributes:
        runtime: Length of the run in cycles.
        batch_size: Number of batch entries.
        trains: Spikes by population; populations that are missing are silent.
    """

    runtime: int
    batch_size: int = 1
    trains: Mapping[PopulationDescriptor, SpikeTrains] = field(default_factory=dict)

    def __post_init__(self) -> None:
        legal_integer("batch_size", self.batch_size, 1)
        check_runtime(self.runtime)


@checked
def encode(network_graph: NetworkGraph, inputs: NetworkInputs) -> InputEvents:
    """Label spikes with the routing of ``network_graph`` and sort them by batch entry and time.

    Raises:
        ProgramError: A population is not an external one of this network, or a spike has a source, a batch entry or a
            time that the run does not have; the message names population, source, entry and time.
    """
    return labelled(network_graph, inputs)


def labelled(network_graph: NetworkGraph, inputs: NetworkInputs) -> InputEvents:
    """Do what :func:`encode` does, for callers behind the door."""
    times, labels, batches, known = [], [], [], None
    for descriptor, trains in inputs.trains.items():
        population = network_graph.network.populations.get(descriptor)
        if not isinstance(population, ExternalPopulation):
            raise ProgramError(f"inputs: {descriptor} is no external population of this network")
        known = trains._known
        if known is None or not known.fits(population.size, inputs):
            known = None
            _check(population, trains, inputs)
        times.append(trains.times)
        labels.append(network_graph.external_labels(descriptor)[trains.indices])
        batches.append(trains.batches)
    if not times:
        return InputEvents.silence(inputs.batch_size)
    if known is not None and len(times) == 1:
        return InputEvents.sorted_within(inputs.runtime, times[0], labels[0], known.offsets)
    if len(times) == 1:
        (time,), (batch,), (label,) = times, batches, labels
    else:
        time, batch, label = np.concatenate(times), np.concatenate(batches), np.concatenate(labels)
    key = batch * inputs.runtime + time
    if np.logical_or.reduce(key[1:] < key[:-1]):
        order = np.argsort(key, kind="stable")
        time, label = time[order], label[order]
    offsets: np.ndarray = np.zeros(inputs.batch_size + 1, np.int64)
    np.bincount(batch, minlength=inputs.batch_size).cumsum(out=offsets[1:])
    return InputEvents.sorted_within(inputs.runtime, time, label, offsets)


def _check(population: ExternalPopulation, trains: SpikeTrains, inputs: NetworkInputs) -> None:
    beyond = trains.indices.view(np.uint64) >= population.size  # negative ones too
    beyond |= trains.batches.view(np.uint64) >= inputs.batch_size
    beyond |= trains.times.view(np.uint64) >= inputs.runtime
    if not np.logical_or.reduce(beyond):
        return
    limits = (
        (trains.indices, population.size, "source"),
        (trains.batches, inputs.batch_size, "batch entry"),
        (trains.times, inputs.runtime, "time"),
    )
    for values, stop, what in limits:
        bad = (values < 0) | (values >= stop)
        if not bad.any():
            continue
        spike = int(bad.argmax())
        advice = "; run longer or drop late spikes" if what == "time" else ""
        raise ProgramError(
            f"population {population.name!r}: got a spike of source {trains.indices[spike]} in batch entry "
            f"{trains.batches[spike]} at cycle {trains.times[spike]} ({trains.times[spike] * CYCLE * 1e6:.3f} us), "
            f"wanted a {what} in [0, {stop}){advice}"
        )
