"""From recordings of a chip to traces in the units and on the time grid of the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from hxtorch import core
from hxtorch.core import grid_points, in_cycles
from hxtorch.spiking._kernels.chip.traces import resample
from hxtorch.spiking._kernels.chip.trains import scatter
from hxtorch.spiking._memory import empty, zeros
from hxtorch.spiking.errors import ExperimentError, MissingNeuronError, ParameterError
from hxtorch.spiking.network.observables import MADCTrace

if TYPE_CHECKING:
    from hxtorch.core import CADCHandle, LogicalNeuronOnDLS, MADCHandle, SpikeHandle


@dataclass(frozen=True, eq=False)
class PopulationRecording:
    """What a chip recorded of one population, as it came; what was not recorded is None.

    Attributes:
        spikes: Events of neurons or sources.
        cadc: Samples of the column ADC.
        madc: Samples of the membrane ADC.
    """

    spikes: SpikeHandle | None = None
    cadc: CADCHandle | None = None
    madc: MADCHandle | None = None


def recording_of(
    hw_data: Any, runtime: Any, older: tuple[Any, ...], named: Mapping[str, Any], known: float | None
) -> tuple[PopulationRecording, float]:
    """Return what ``post_process`` was called with, in whichever order.

    Args:
        hw_data: A recording, or the spikes of the older order.
        runtime: Seconds, or the samples of the column ADC of the older order.
        older: The samples of the membrane ADC, and maybe the runtime.
        named: ``hw_spikes``, ``hw_cadc`` and ``hw_madc``.
        known: Seconds of the run that is read out, for calls that do not say it.

    Raises:
        ExperimentError: No runtime is given, and none is known.
    """
    if hasattr(hw_data, "madc"):
        found, seconds = hw_data, runtime
    elif older or named:
        madc = older[0] if older else named.get("hw_madc")
        seconds = older[1] if len(older) > 1 else None
        cadc = named.get("hw_cadc") if isinstance(runtime, (int, float)) else runtime or named.get("hw_cadc")
        seconds = runtime if isinstance(runtime, (int, float)) else seconds
        found = PopulationRecording(hw_data or named.get("hw_spikes"), cadc, madc)
    elif runtime is None or isinstance(runtime, (int, float)):
        found, seconds = PopulationRecording(hw_data), runtime
    else:
        found, seconds = PopulationRecording(hw_data, runtime), None
    seconds = known if seconds is None else seconds
    if seconds is None:
        raise ExperimentError("post_process: got no runtime, wanted the seconds of the run; hand in runtime=")
    return found, float(seconds)


class HardwareObservablesExtractor:
    """Takes what was recorded of each population out of a result.

    Attributes:
        recordings: By population.
    """

    def __init__(self) -> None:
        self.recordings: dict[core.PopulationDescriptor, PopulationRecording] = {}

    def set_data(self, network_graph: core.NetworkGraph, result_map: core.SpikingResult, runtime: int = 2**40) -> None:
        """Take up a result.

        Args:
            network_graph: The network that ran.
            result_map: What it recorded.
            runtime: Length of the run in cycles; later spikes are left out.
        """
        spikes = core.extract_spikes(result_map, network_graph, runtime)
        cadc = core.extract_cadc(result_map, network_graph, runtime)
        madc = core.extract_madc(result_map, network_graph, runtime)
        self.recordings = {
            population: PopulationRecording(spikes.get(population), cadc.get(population), madc.get(population))
            for population in {**spikes, **cadc, **madc}
        }

    def get(self, descriptor: core.PopulationDescriptor | None = None) -> PopulationRecording:
        """Return what was recorded of a population, of None nothing."""
        return _UNRECORDED if descriptor is None else self.recordings.get(descriptor, _UNRECORDED)


_UNRECORDED = PopulationRecording()
_ZERO = 128
"""CADC LSB that user units begin at."""


@dataclass(frozen=True, eq=False)
class TraceReadout:
    """What is done to CADC traces before the numerics see them.

    Attributes:
        offset: Subtracted, user units (raw - 128): a number, a tensor (neuron,), or numbers by coordinate.
        scale: Model units per LSB, applied after the offset: as ``offset``.
        time_shift: Steps by which traces move to earlier times, negative to later ones; ends are repeated.
        shift_to_first: Subtract the first value of each trace instead of the offset.
        interpolation_mode: ``linear`` or ``nearest``, which is also called ``nn``.

    Raises:
        ParameterError: A value is none of these.

    Source:
        chip facts 4.1.
    """

    offset: float | Tensor | Mapping[Any, float] = 0.0
    scale: float | Tensor | Mapping[Any, float] = 1.0
    time_shift: int = 0
    shift_to_first: bool = False
    interpolation_mode: str = "linear"

    def __post_init__(self) -> None:
        if self.interpolation_mode == "nn":
            object.__setattr__(self, "interpolation_mode", "nearest")
        if self.interpolation_mode not in ("linear", "nearest"):
            raise ParameterError(
                f"interpolation_mode: got {self.interpolation_mode!r}, wanted 'linear', 'nearest' or 'nn'"
            )
        if not isinstance(self.time_shift, (int, np.integer)):
            raise ParameterError(f"cadc_time_shift: got {self.time_shift!r}, wanted a whole number of steps")
        if not isinstance(self.shift_to_first, (bool, np.bool_)):
            raise ParameterError(f"shift_cadc_to_first: got {self.shift_to_first!r:.60}, wanted True or False")
        _check_finite(self.offset, "trace_offset")
        _check_finite(self.scale, "trace_scale")

    def check_size(self, size: int) -> None:
        """Check that tensors have one value, or one for each of ``size`` neurons.

        Raises:
            ParameterError: One has another shape.
        """
        for what, values in (("trace_offset", self.offset), ("trace_scale", self.scale)):
            if not isinstance(values, Mapping) and np.shape(values) not in ((), (1,), (size,)):
                raise ParameterError(f"{what}: got shape {tuple(np.shape(values))}, wanted one number or ({size},)")

    def read(self, samples: CADCHandle, runtime: float, dt: float, places: Sequence[LogicalNeuronOnDLS]) -> Tensor:
        """Return the membranes of a population in model units.

        Args:
            samples: Recorded samples.
            runtime: Length of the run in seconds.
            dt: Step in seconds.
            places: Where each neuron is on the chip.

        Returns:
            float32 (time, batch, neuron) on ``ceil(runtime / dt) + 1`` points of time.
        """
        if type(self.scale) is float and type(self.offset) is float:
            size = samples.size
            level = None if self.shift_to_first else _level(self.offset, size)
            return self._resample(samples, runtime, dt, level, _level(self.scale, size))
        offset = None if self.shift_to_first else _by_neuron(self.offset, places, "trace_offset")
        scale = _by_neuron(self.scale, places, "trace_scale")
        if _is_flat(scale, samples.size) and (offset is None or _is_flat(offset, samples.size)):
            flat = None if offset is None else _flat(offset, samples.size)
            return self._resample(samples, runtime, dt, flat, _flat(scale, samples.size))
        traces = torch.as_tensor(samples.to_dense(runtime, dt, self.interpolation_mode))
        traces = shift_time(traces, self.time_shift)
        return (traces - (traces[:1] if offset is None else offset)) * scale

    def level(self, potential: Any, leak: Any, places: Sequence[LogicalNeuronOnDLS]) -> Any:
        """Return what traces show at a potential of the chip, a number or model units (neuron,).

        Args:
            potential: CADC LSB, 0 to 255: a number, or a tensor (neuron,).
            leak: As ``potential``; what traces begin at.
            places: Where each neuron is on the chip.
        """
        scale = _by_neuron(self.scale, places, "trace_scale")
        if self.shift_to_first:
            return (potential - leak) * scale
        return (potential - _ZERO - _by_neuron(self.offset, places, "trace_offset")) * scale

    def _resample(
        self, samples: CADCHandle, runtime: float, dt: float, offset: np.ndarray | None, scale: np.ndarray
    ) -> Tensor:
        """Do all of it at once, with an offset (None for the first value) and a scale, float32 (neuron,)."""
        points, size = _points(runtime, dt, self.time_shift), samples.size
        out = empty((len(points), samples.batch_size, size))
        nearest, threads = self.interpolation_mode == "nearest", torch.get_num_threads()
        for sampled, columns, indices in samples.parts:
            times = np.ascontiguousarray(sampled.times, np.int64)
            offsets = np.ascontiguousarray(sampled.batch_offsets, np.int64)
            values = np.ascontiguousarray(sampled.values, np.uint8)
            try:
                resample(
                    points, times, offsets, values, columns, indices, offset, scale, nearest, out.data_ptr(), threads
                )
            except ValueError:
                samples.require_samples()  # says it better
                raise
        return out


def of_readout(field: str) -> property:
    """Return a property that reads and replaces a field of the readout, under the name of its argument."""

    def read(self: Any) -> Any:
        return getattr(self.readout, field)

    def write(self: Any, value: Any) -> None:
        readout = replace(self.readout, **{field: value})
        readout.check_size(self.size)
        self.readout = readout

    return property(read, write, doc=f"See ``{field}`` of :class:`TraceReadout`.")


@lru_cache(maxsize=16)
def _grid(runtime: float, dt: float) -> tuple[int, float]:
    """Return the number of points of a grid of time, and its step in cycles."""
    return grid_points(runtime, dt), in_cycles(dt)


@lru_cache(maxsize=16)
def _points(runtime: float, dt: float, time_shift: int) -> np.ndarray:
    """Return the points of the grid in cycles, moved and cut off at both ends, float64 (time,)."""
    count, step = _grid(runtime, dt)
    points: np.ndarray = (np.arange(count) + time_shift).clip(0, count - 1) * step
    points.setflags(write=False)
    return points


def read_spikes(spikes: SpikeHandle, runtime: float, dt: float) -> Tensor:
    """Put spikes on a grid, as :meth:`hxtorch.core.SpikeHandle.to_dense` does.

    Args:
        spikes: Recorded spikes.
        runtime: Length of the grid in seconds; later spikes are left out.
        dt: Step in seconds.

    Returns:
        Zeros and ones, float32 (time, batch, neuron).
    """
    points, step = _grid(runtime, dt)
    shape = points, spikes.batch_size, spikes.size
    dense = zeros(shape)
    scatter(spikes.times, spikes.batches, spikes.indices, step, *shape, dense.data_ptr())
    return dense


def read_madc(samples: MADCHandle) -> MADCTrace:
    """Return what the membrane ADC recorded.

    Returns:
        float32 (2, samples, batch): row 0 are times in FPGA cycles of 8 ns, row 1 values in LSB. Each entry has
        ``samples of the run // batch`` of them; one that has less by a sample repeats its last.
    """
    count = len(samples.times) // samples.batch_size
    out = np.empty((2, count, samples.batch_size), np.float32)
    for batch in range(samples.batch_size):
        times, values = samples.entry(batch)
        take = np.arange(count).clip(max=max(len(times) - 1, 0))
        if len(times):
            out[0, :, batch], out[1, :, batch] = times[take] / core.CYCLE, values[take]
    return torch.from_numpy(out)


def shift_time(traces: Tensor, steps: int) -> Tensor:
    """Move traces (time, ...) to earlier times by ``steps``, negative to later ones, and repeat what is at the ends."""
    if steps == 0:
        return traces
    last = len(traces) - 1
    return traces[(torch.arange(last + 1) + steps).clamp_(0, last)]


def _check_finite(values: object, what: str) -> None:
    """Check for finite numbers, at once or by coordinate."""
    numbers = list(values.values()) if isinstance(values, Mapping) else values
    try:
        finite = bool(torch.as_tensor(numbers, dtype=torch.float32).isfinite().all())
    except (TypeError, ValueError, RuntimeError):
        raise ParameterError(
            f"{what}: got {type(values).__name__}, wanted a number, a tensor or numbers by coordinate"
        ) from None
    if not finite:
        raise ParameterError(f"{what}: holds NaN or infinity, wanted finite numbers")


def _by_neuron(
    values: float | Tensor | Mapping[Any, float], places: Sequence[LogicalNeuronOnDLS], what: str
) -> float | Tensor:
    """Return one number or one per neuron; in a mapping, neurons stand under their logical neuron or its anchor."""
    if isinstance(values, (int, float)):
        return float(values)
    if not isinstance(values, Mapping):
        return torch.as_tensor(values, dtype=torch.float32, device="cpu")
    missing = [place for place in places if place not in values and place.anchor not in values]
    if missing:
        raise MissingNeuronError(f"{what}: got no value for {missing[0]!r}, where a neuron of the population is")
    found = [float(values[place] if place in values else values[place.anchor]) for place in places]
    return torch.tensor(found, dtype=torch.float32)


def _is_flat(values: float | Tensor, size: int) -> bool:
    """Return whether these are one number or numbers by neuron, and none of them is trained."""
    if isinstance(values, float):
        return True
    one_each = values.numel() == 1 or (values.numel() == size and values.shape[-1] == size)
    return one_each and not values.requires_grad


@lru_cache(64)
def _level(value: float, size: int) -> np.ndarray:
    """Return one number for each neuron, float32; nobody writes to it."""
    level = _flat(value, size)
    level.setflags(write=False)
    return level


def _flat(values: float | Tensor, size: int) -> np.ndarray:
    """Return one float32 for each neuron."""
    flat = np.empty(size, np.float32)
    flat[:] = values if isinstance(values, float) else values.numpy().reshape(-1)
    return flat
