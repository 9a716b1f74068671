"""From recordings of a chip to traces in the units and on the time grid of the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.observables import MADCTrace

if TYPE_CHECKING:
    from hxtorch.core import CADCHandle, MADCHandle
    from hxtorch.core.coordinates import LogicalNeuronOnDLS


@dataclass(frozen=True, eq=False)
class TraceReadout:
    """What is done to CADC traces before the numerics see them.

    Attributes:
        offset: Subtracted, user units (raw - 128): a number, a tensor (neuron,), or numbers by coordinate.
        scale: Model units per LSB, applied after the offset: as ``offset``.
        time_shift: Steps by which traces move to earlier times, negative to later ones; ends are repeated.
        shift_to_first: Subtract the first value of each trace instead of the offset.
        interpolation_mode: ``linear`` or ``nearest``.

    Source:
        chip facts 4.1.
    """

    offset: float | Tensor | Mapping[Any, float] = 0.0
    scale: float | Tensor | Mapping[Any, float] = 1.0
    time_shift: int = 0
    shift_to_first: bool = False
    interpolation_mode: str = "linear"

    def __post_init__(self) -> None:
        if self.interpolation_mode not in ("linear", "nearest"):
            raise ParameterError(f"interpolation_mode: got {self.interpolation_mode!r}, wanted 'linear' or 'nearest'")
        if not isinstance(self.time_shift, int):
            raise ParameterError(f"cadc_time_shift: got {self.time_shift!r}, wanted a whole number of steps")

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
        traces = torch.from_numpy(samples.to_dense(runtime, dt, self.interpolation_mode))
        traces = shift_time(traces, self.time_shift)
        offset = traces[:1].clone() if self.shift_to_first else _by_neuron(self.offset, places, "trace_offset")
        return traces.sub_(offset).mul_(_by_neuron(self.scale, places, "trace_scale"))


def read_madc(samples: MADCHandle) -> tuple[MADCTrace, ...]:
    """Return one trace per batch entry."""
    entries = [samples.entry(batch) for batch in range(samples.batch_size)]
    return tuple(
        MADCTrace(torch.from_numpy(times.copy()), torch.from_numpy(values.astype("float32")))
        for times, values in entries
    )


def shift_time(traces: Tensor, steps: int) -> Tensor:
    """Move traces (time, ...) to earlier times by ``steps``, negative to later ones, and repeat what is at the ends."""
    if steps == 0:
        return traces
    last = len(traces) - 1
    return traces[(torch.arange(last + 1) + steps).clamp_(0, last)]


def _by_neuron(values: float | Tensor | Mapping[Any, float], places: Sequence[LogicalNeuronOnDLS], what: str) -> Tensor:
    """Return one number or one per neuron; in a mapping, neurons stand under their logical neuron or its anchor."""
    if not isinstance(values, Mapping):
        return torch.as_tensor(values, dtype=torch.float32, device="cpu")
    missing = [place for place in places if place not in values and place.anchor not in values]
    if missing:
        raise ParameterError(f"{what}: got no value for {missing[0]!r}, where a neuron of the population is")
    return torch.tensor([float(values[place] if place in values else values[place.anchor]) for place in places])
