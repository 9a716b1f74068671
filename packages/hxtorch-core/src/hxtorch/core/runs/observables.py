"""What was recorded, by population: spikes, CADC traces, MADC traces; sparse, or on a grid of time.

A grid of step ``dt`` over ``runtime`` has ``ceil(runtime / dt) + 1`` points, the first at 0. Grids are
``(time, batch, neuron)``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hxtorch.core.arguments import checked
from hxtorch.core.errors import RecordingError
from hxtorch.core.networks.network import PopulationDescriptor
from hxtorch.core.networks.populations import ExternalPopulation, Population
from hxtorch.core.runs.graph import NetworkGraph
from hxtorch.core.runs.resampling import interpolate
from hxtorch.core.seam.integers import frozen
from hxtorch.core.seam.programs import CYCLE, check_runtime, in_cycles
from hxtorch.core.seam.results import CADCSamples, LabelEvents, SpikeEvents, SpikingResult


@checked
@lru_cache(64)
def grid_points(runtime: float, dt: float) -> int:
    """Return the number of points of a grid over ``runtime`` with step ``dt``, both in seconds.

    Raises:
        ProgramError: One of them is not positive.
    """
    return int(np.ceil(round(in_cycles(runtime) / in_cycles(dt), 9))) + 1


@dataclass(frozen=True, eq=False)
class SpikeHandle:
    """Spikes of one population, sorted by batch entry and time.

    Attributes:
        times: Cycles of 8 ns, int64 (spikes,).
        indices: Neuron or source in the population, int64 (spikes,).
        batches: Batch entry, int64 (spikes,).
        batch_size: Number of batch entries.
        size: Number of neurons or sources.
    """

    times: np.ndarray
    indices: np.ndarray
    batches: np.ndarray
    batch_size: int
    size: int

    def to_dense(self, runtime: float, dt: float, dtype: type = np.float32) -> np.ndarray:
        """Put spikes on a grid: 1 at index ``round(t / dt)``, also where several fall together.

        Args:
            runtime: Length of the grid in seconds; later spikes are left out.
            dt: Step in seconds.
            dtype: Type of the grid.

        Returns:
            Grid (time, batch, neuron) of zeros and ones.
        """
        dense: np.ndarray = np.zeros((grid_points(runtime, dt), self.batch_size, self.size), dtype)
        steps = np.rint(self.times / in_cycles(dt)).astype(np.int64)
        inside = steps < len(dense)
        dense[steps[inside], self.batches[inside], self.indices[inside]] = 1
        return dense


@dataclass(frozen=True, eq=False)
class CADCHandle:
    """Membrane samples of one population, by the hemispheres on which it lies.

    Attributes:
        samples: All samples of each hemisphere.
        columns: Positions in their ``neurons`` that belong to the population, int64 each.
        indices: The neurons in the population that these are, int64 each.
        size: Number of neurons.
    """

    samples: tuple[CADCSamples, ...]
    columns: tuple[np.ndarray, ...]
    indices: tuple[np.ndarray, ...]
    size: int

    @classmethod
    def of(cls, parts: Sequence[tuple[CADCSamples, np.ndarray, np.ndarray]], size: int) -> CADCHandle:
        """Return the handle of ``parts``: (samples, columns, indices) of each hemisphere."""
        samples, columns, indices = zip(*parts, strict=True) if parts else ((), (), ())
        return cls(samples, columns, indices, size)

    @property
    def batch_size(self) -> int:
        return len(self.samples[0].batch_offsets) - 1

    @property
    def parts(self) -> Iterator[tuple[CADCSamples, np.ndarray, np.ndarray]]:
        """Go through samples, columns and indices of each hemisphere."""
        return zip(self.samples, self.columns, self.indices, strict=True)

    def entry(self, batch: int) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Return the samples of one batch entry as recorded.

        Returns:
            For each hemisphere: times in cycles, int64 (samples,); values in user units, int8 (samples, neurons); the
            neurons in the population, int64 (neurons,).
        """
        result = []
        for samples, columns, indices in self.parts:
            mine = slice(*samples.batch_offsets[batch : batch + 2])
            result.append((samples.times[mine], to_user_units(samples.values[mine][:, columns]), indices))
        return result

    def require_samples(self) -> None:
        """Check that there is something to interpolate.

        Raises:
            RecordingError: A batch entry has no sample, because the run was too short.
        """
        for samples in self.samples:
            counts = np.diff(samples.batch_offsets)
            if not counts.all():
                raise RecordingError(
                    f"CADC: got no sample in batch entry {counts.argmin()}: the run was shorter than the sampling "
                    "period; run for at least 2 us, or 6 us with recording in DRAM"
                )

    def to_dense(self, runtime: float, dt: float, mode: str = "linear") -> np.ndarray:
        """Interpolate the samples, whose times the chip decides, on a grid; the ends are extended.

        Args:
            runtime: Length of the grid in seconds.
            dt: Step in seconds.
            mode: ``linear`` or ``nearest``, also called ``nn``.

        Returns:
            Values in user units (raw code - 128), float32 (time, batch, neuron).

        Raises:
            ProgramError: ``mode`` is another one.
            RecordingError: A batch entry has no sample, because the run was too short.
        """
        self.require_samples()
        points = np.arange(grid_points(runtime, dt)) * in_cycles(dt)
        dense: np.ndarray = np.empty((len(points), self.batch_size, self.size), np.float32)
        for samples, columns, indices in self.parts:
            traces = interpolate(samples, columns, points, mode)
            if len(self.samples) == 1 and (indices == np.arange(self.size)).all():
                return traces
            dense[..., indices] = traces
        return dense


@dataclass(frozen=True, eq=False)
class MADCHandle:
    """Membrane of one neuron, sampled at 29.41 MHz.

    Attributes:
        times: Seconds, float64 (samples,).
        values: Codes 0..1023, uint16 (samples,).
        batch_offsets: Entry ``b`` owns ``[batch_offsets[b], batch_offsets[b + 1])``, int64 (batch + 1,).
        index: The neuron in its population.
    """

    times: np.ndarray
    values: np.ndarray
    batch_offsets: np.ndarray
    index: int

    @property
    def batch_size(self) -> int:
        return len(self.batch_offsets) - 1

    def entry(self, batch: int) -> tuple[np.ndarray, np.ndarray]:
        """Return times in seconds and codes of one batch entry."""
        mine = slice(*self.batch_offsets[batch : batch + 2])
        return self.times[mine], self.values[mine]


def to_user_units(raw: np.ndarray) -> np.ndarray:
    """Convert raw CADC codes, uint8, to what users see: code - 128, int8.

    Source: chip facts 4.1.
    """
    signed: np.ndarray = (raw ^ np.uint8(128)).view(np.int8)
    return signed


@checked
def extract_spikes(
    data: SpikingResult, network_graph: NetworkGraph, runtime: int
) -> dict[PopulationDescriptor, SpikeHandle]:
    """Sort spikes to the populations that record them, external and background ones among them.

    Args:
        data: Result of the run.
        network_graph: The network that ran.
        runtime: Length of the run in cycles; later spikes are left out.
    """
    check_runtime(runtime)
    handles = {}
    for descriptor, index_of in network_graph.spiking.items():
        population = network_graph.network.populations[descriptor]
        events: SpikeEvents | LabelEvents
        if isinstance(population, Population):
            events, senders = data.spikes, data.spikes.neurons
        else:
            events = data.loopback if isinstance(population, ExternalPopulation) else data.background or _nothing(data)
            senders = events.labels
        times, index, offsets = events.times, index_of[senders], events.batch_offsets
        batch_size = len(offsets) - 1
        batches = np.arange(batch_size).repeat(offsets[1:] - offsets[:-1])
        mine = (index >= 0) & (times < runtime)
        if np.logical_and.reduce(mine):
            times = frozen(times, np.int64)  # those of the result
        else:
            times, index, batches = times[mine], index[mine], batches[mine]
        handles[descriptor] = SpikeHandle(times, index, batches, batch_size, population.size)
    return handles


def _nothing(data: SpikingResult) -> LabelEvents:
    return LabelEvents.none(len(data.spikes.batch_offsets) - 1)


@checked
def extract_cadc(
    data: SpikingResult, network_graph: NetworkGraph, runtime: int
) -> dict[PopulationDescriptor, CADCHandle]:
    """Sort CADC samples to the populations that record them.

    Args:
        data: Result of the run.
        network_graph: The network that ran.
        runtime: Length of the run in cycles; a backend delivers no later samples.
    """
    check_runtime(runtime)
    handles = {}
    recorded = tuple([samples.neurons for samples in data.cadc])
    for descriptor in network_graph.sampled:
        places = network_graph.columns_of(descriptor, recorded)
        parts = [(samples, *place) for samples, place in zip(data.cadc, places, strict=True) if place[0].size]
        handles[descriptor] = CADCHandle.of(parts, network_graph.network.populations[descriptor].size)
    return handles


@checked
def extract_madc(
    data: SpikingResult, network_graph: NetworkGraph, runtime: int
) -> dict[PopulationDescriptor, MADCHandle]:
    """Return the MADC samples under the population of the recorded neuron.

    Args:
        data: Result of the run.
        network_graph: The network that ran.
        runtime: Length of the run in cycles; a backend delivers no later samples.
    """
    check_runtime(runtime)
    samples = data.madc
    if samples is None:
        return {}
    descriptor = PopulationDescriptor(int(network_graph.population_of[samples.neuron]))
    index = int(network_graph.index_of[samples.neuron])
    return {descriptor: MADCHandle(samples.times * CYCLE, samples.values, samples.batch_offsets, index)}
