"""Check what callers hand to a spiking run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bss2_emulator._kernels.events.batches import are_distinct, are_legal
from bss2_emulator.config import ChipConfig
from bss2_emulator.errors import EventError, RunError
from bss2_emulator.facts.constants import CYCLE, HEMISPHERES, MAX_RUNTIME, NEURONS, ROWS


@dataclass(frozen=True, eq=False)
class Recording:
    """What to record beside spikes; see :meth:`bss2_emulator.Chip.run_spiking`."""

    cadc_neurons: NDArray[np.int64]
    cadc_acausal: bool = False
    cadc_in_dram: bool = False
    madc_neuron: int | None = None
    correlation_rows: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    correlation_reset: int = 0


@dataclass(frozen=True, eq=False)
class Events:
    """Input events, legal once constructed by :func:`check_events`.

    Attributes:
        times: Cycles, ascending in each entry, int64 (events,).
        labels: 16 bit, uint16 (events,).
        offsets: int64 (batch + 1,).
    """

    times: NDArray[np.int64]
    labels: NDArray[np.uint16]
    offsets: NDArray[np.int64]

    @property
    def batch(self) -> int:
        return len(self.offsets) - 1


def check_events(runtime: int, times: Any, labels: Any, offsets: Any) -> Events:
    """Return events as the kernels take them.

    Raises:
        EventError: Shapes, types or offsets do not fit, a label has more than 16 bits, times are not sorted or lie
            outside the run.
    """
    times, labels = _integers("event_times", times, np.int64), _integers("event_labels", labels, np.uint16)
    offsets = _integers("batch_offsets", (0, len(times)) if offsets is None else offsets, np.int64)
    flat = times.ndim == 1 and times.shape == labels.shape
    if flat and offsets.ndim == 1 and are_legal(times, offsets, runtime):
        return Events(times, labels, offsets)
    if not flat:
        raise EventError(f"events: got times {times.shape} and labels {labels.shape}, wanted two equal flat arrays")
    lengths = offsets[1:] - offsets[:-1] if offsets.ndim == 1 and len(offsets) > 1 else np.array([-1])
    if np.minimum.reduce(lengths) < 0 or offsets[0] != 0 or offsets[-1] != len(times):
        got = offsets.tolist() if offsets.size < 9 else f"shape {offsets.shape}"
        raise EventError(
            f"batch_offsets: got {got}, wanted numbers that ascend from 0 to {len(times)}, the number of events, "
            "one more than there are batch entries"
        )
    outside = times[(times < 0) | (times >= runtime)]
    if len(outside):
        bad = int(outside[0])
        raise EventError(f"event_times: got cycle {bad} ({bad * CYCLE * 1e6:.3f} us), wanted times in [0, {runtime})")
    raise EventError("event_times: got times that descend inside a batch entry, wanted them sorted")


def check_runtime(runtime: Any) -> int:
    """Return the run time in cycles.

    Raises:
        RunError: It is no integer, or outside 1 to 2**32 - 1 (34.36 s).
    """
    if isinstance(runtime, bool) or not isinstance(runtime, (int, np.integer)):
        raise RunError(f"runtime: got {runtime!r}, wanted an integer number of cycles of 8 ns")
    if not 1 <= runtime <= MAX_RUNTIME:
        raise RunError(f"runtime: got {runtime} cycles, wanted 1 to {MAX_RUNTIME} (34.36 s)")
    return int(runtime)


_NOBODY: Final = np.empty(0, np.int64)


def check_recording(cadc_neurons: Any, madc_neuron: Any) -> tuple[NDArray[np.int64], int | None]:
    """Return the neurons to record.

    Raises:
        RunError: A neuron does not exist or is named twice, or several are asked of the membrane ADC.
    """
    cadc = np.asarray(cadc_neurons)
    if cadc.size == 0:
        cadc = _NOBODY
    if cadc.dtype.kind not in "iu" or cadc.ndim != 1:
        raise RunError(f"cadc_neurons: got {cadc.dtype} {cadc.shape}, wanted a flat array of neurons")
    cadc = cadc.astype(np.int64, copy=False)
    if not are_distinct(cadc, NEURONS):
        if cadc.min() < 0 or cadc.max() >= NEURONS:
            raise RunError(f"cadc_neurons: got {cadc.min()} to {cadc.max()}, wanted neurons from 0 to {NEURONS - 1}")
        raise RunError(f"cadc_neurons: got neuron {np.bincount(cadc).argmax()} twice, wanted each once")
    if madc_neuron is None:
        return cadc, None
    if isinstance(madc_neuron, (Sequence, np.ndarray)) or not isinstance(madc_neuron, (int, np.integer)):
        raise RunError(f"madc_neuron: got {madc_neuron!r}, wanted one neuron: the membrane ADC records no more")
    if not 0 <= madc_neuron < NEURONS:
        raise RunError(f"madc_neuron: got {madc_neuron}, wanted a neuron from 0 to {NEURONS - 1}")
    return cadc, int(madc_neuron)


def check_correlation(runtime: int, rows: Any, reset: Any) -> tuple[NDArray[np.int64], int]:
    """Return the rows whose correlation sensors are read, and when these are reset.

    Raises:
        RunError: A row does not exist or is named twice, or the reset lies outside the run.
    """
    array = np.asarray(rows)
    if array.size == 0:
        array = _NOBODY
    if array.dtype.kind not in "iu" or array.ndim != 1:
        raise RunError(f"correlation_rows: got {array.dtype} {array.shape}, wanted a flat array of rows")
    array = array.astype(np.int64, copy=False)
    last = HEMISPHERES * ROWS - 1
    if not are_distinct(array, last + 1):
        if array.min() < 0 or array.max() > last:
            got = f"{array.min()} to {array.max()}"
            raise RunError(f"correlation_rows: got {got}, wanted 256 * hemisphere + row, 0 to {last}")
        raise RunError(f"correlation_rows: got row {np.bincount(array).argmax()} twice, wanted each once")
    if isinstance(reset, bool) or not isinstance(reset, (int, np.integer)) or not 0 <= reset < runtime:
        raise RunError(f"correlation_reset: got {reset!r}, wanted a cycle of the run, 0 to {runtime - 1}")
    return array, int(reset)


JOINTS: Final = ("connect_right", "connect_vertical", "connect_soma", "connect_soma_right", "enable_icc")
SENSORS: Final = (
    "label", "row_mode", "correlation_time", "correlation_amplitude", "i_correlation_ramp", "i_correlation_store",
)  # fmt: skip


def check_writes(runtime: int, config: ChipConfig, writes: Any, sensors: bool) -> list[tuple[int, ChipConfig]]:
    """Return the registers of a run with the cycles from which they hold, ``config`` from 0 on.

    Args:
        runtime: Cycles.
        config: All registers at the start.
        writes: Pairs of a cycle and all registers from then on.
        sensors: Correlation sensors are read.

    Raises:
        RunError: A write is no such pair, lies outside the run or before the last one, or changes what cannot change
            during a run.
    """
    held = [(0, config)]
    for write in writes:
        if not (isinstance(write, tuple) and len(write) == 2 and isinstance(write[1], ChipConfig)):
            raise RunError(f"writes: got {write!r:.80}, wanted pairs of a cycle and a ChipConfig")
        cycle, after = write
        if isinstance(cycle, bool) or not isinstance(cycle, (int, np.integer)) or not held[-1][0] <= cycle < runtime:
            raise RunError(f"writes: got one at cycle {cycle!r}, wanted ascending cycles in [0, {runtime})")
        for names, why in ((JOINTS, "circuits are joined for a whole run"), (SENSORS if sensors else (), _SENSING)):
            for name in names:
                old, new = getattr(held[-1][1], name), getattr(after, name)
                if old is not new and not np.array_equal(old, new):
                    raise RunError(f"write of {name!r} at cycle {cycle}: {why}; write it before, or run twice")
        held.append((int(cycle), after))
    return held


_SENSING: Final = "correlation sensors are read, which takes this register as it is for the whole run"


def _integers(name: str, values: Any, dtype: type[np.integer[Any]]) -> np.ndarray:
    if type(values) is np.ndarray and values.dtype == dtype and values.flags.c_contiguous:
        return values
    array = np.asarray(values)
    if array.size == 0:
        return np.zeros(array.shape, dtype)
    if array.dtype == dtype:
        return np.ascontiguousarray(array)
    if array.dtype.kind not in "iu":
        raise EventError(f"{name}: got values of type {array.dtype}, wanted integers")
    info = np.iinfo(dtype)
    if array.min() < info.min or array.max() > info.max:
        raise EventError(f"{name}: got {array.min()} to {array.max()}, wanted {info.min} to {info.max}")
    return np.ascontiguousarray(array, dtype)
