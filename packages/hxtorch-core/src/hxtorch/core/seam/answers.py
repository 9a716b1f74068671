"""What a backend returns is looked at before anybody works with it: a wrong shape there is an error far away later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from bss2_emulator.facts.constants import COLUMNS, NEURONS
from hxtorch.core.errors import BackendError
from hxtorch.core.seam.batches import ascends, is_batch
from hxtorch.core.seam.programs import MatrixProgram, SpikingProgram
from hxtorch.core.seam.results import ExecutionInfo, MatrixResult, SpikingResult

_ENDLESS = 2**63
_MADC_MAX = 1023


def check_spiking(program: SpikingProgram, result: SpikingResult) -> None:
    """Refuse a result that can not be one of ``program``.

    Raises:
        BackendError: Arrays do not fit together or are of another type, times lie outside the run or descend, or what
            was asked for lacks.
    """
    batch, runtime, recording = program.events.batch_size, program.runtime, program.recording
    _check_type(result, SpikingResult)
    spikes = result.spikes
    _check_times("spikes", spikes, batch, runtime)
    _check_shape("spikes: neurons", spikes.neurons, spikes.times.shape)
    if spikes.neurons.size and not (spikes.neurons.min() >= -1 and spikes.neurons.max() < NEURONS):
        _refuse("spikes: neurons", f"{spikes.neurons.min()} to {spikes.neurons.max()}", f"-1 to {NEURONS - 1}")
    for name, events in (("loopback", result.loopback), ("background", result.background)):
        if events is not None:
            _check_times(name, events, batch, _ENDLESS)
            _check_shape(f"{name}: labels", events.labels, events.times.shape)
    _check_cadc(result.cadc, recording.hemispheres, batch, runtime)
    _check_madc(result.madc, recording.madc_neuron is not None, batch, runtime)
    rows = len(recording.correlation_rows)
    if rows or result.correlation is not None:
        _check_shape("correlation", getattr(result.correlation, "values", None), (batch, rows, COLUMNS, 2), np.uint8)
    if recording.spike_counters:
        _check_shape("spike_counters", getattr(result.spike_counters, "values", None), (batch, NEURONS), np.uint8)
    _check_type(result.info, ExecutionInfo)


def check_all(programs: Sequence[SpikingProgram], results: Any) -> list[SpikingResult]:
    """Return results of programs that ran together; refuses another number of them, else as :func:`check_spiking`."""
    if not isinstance(results, list | tuple) or len(results) != len(programs):
        got = f"{len(results)} of them" if isinstance(results, list | tuple) else type(results).__name__
        _refuse("results", got, f"a list of {len(programs)}, one for each program")
    for program, result in zip(programs, results, strict=True):
        check_spiking(program, result)
    return list(results)


def check_matrix(program: MatrixProgram, result: MatrixResult) -> None:
    """Refuse a result that can not be one of ``program``.

    Raises:
        BackendError: As for :func:`check_spiking`.
    """
    _check_type(result, MatrixResult)
    batch = program.batch
    _check_shape("products", result.values, (batch, program.weights.shape[1]), np.int8)
    _check_madc(result.madc, program.madc_column is not None, batch, _ENDLESS)
    _check_type(result.info, ExecutionInfo)


def _check_cadc(cadc: Any, wanted: tuple[np.ndarray, ...], batch: int, runtime: int) -> None:
    """Check samples of the hemispheres that have recorded neurons, top first."""
    if not isinstance(cadc, tuple) or len(cadc) != len(wanted):
        _refuse("cadc", _look(cadc), f"a tuple of {len(wanted)}, one for each hemisphere with recorded neurons")
    for samples, neurons in zip(cadc, wanted, strict=True):
        _check_times("cadc", samples, batch, runtime)
        recorded = getattr(samples, "neurons", ())
        if recorded is not neurons and not np.array_equal(recorded, neurons):
            _refuse("cadc: neurons", "others", "those of the hemisphere, in the order asked for")
        _check_shape("cadc: values", samples.values, (len(samples.times), len(neurons)), np.uint8)


def _check_madc(madc: Any, asked: bool, batch: int, runtime: int) -> None:
    if (madc is not None) != asked:
        _refuse("madc", "samples" if madc is not None else "none", "samples" if asked else "none")
    if madc is not None:
        _check_times("madc", madc, batch, runtime)
        _check_shape("madc: values", madc.values, madc.times.shape, np.uint16)
        if madc.values.size and madc.values.max() > _MADC_MAX:
            _refuse("madc: values", f"up to {madc.values.max()}", f"codes up to {_MADC_MAX}")


def _check_times(what: str, events: Any, batch: int, runtime: int) -> None:
    try:
        times, offsets = events.times, events.batch_offsets
    except AttributeError:
        _refuse(what, type(events).__name__, "times and batch_offsets")
    for name, array in (("times", times), ("batch_offsets", offsets)):
        if not _is_array(array) or array.ndim != 1 or array.dtype.kind not in "iu":
            _refuse(f"{what}: {name}", _look(array), "a flat array of integers")
    if offsets.size != batch + 1 or not is_batch(offsets, times.size):
        _refuse(f"{what}: batch_offsets", _look(offsets), f"{batch + 1} that ascend from 0 to {times.size}")
    if not times.size:
        return
    if np.minimum.reduce(times) < 0 or np.maximum.reduce(times) >= runtime:
        _refuse(f"{what}: times", f"{times.min()} to {times.max()}", f"cycles in [0, {runtime})")
    if not ascends(times, offsets):
        _refuse(f"{what}: times", "some that descend", "ascending ones in each batch entry")


def _check_shape(what: str, array: Any, shape: tuple[int, ...], dtype: type | None = None) -> None:
    """Refuse other arrays than those of a shape and a type, None for integers of any."""
    right = _is_array(array) and array.shape == shape
    if not right or (array.dtype.kind not in "iu" if dtype is None else array.dtype != dtype):
        _refuse(what, _look(array), f"{'integers' if dtype is None else dtype.__name__} {shape}")


def _is_array(array: Any) -> bool:
    kind = type(array)
    return kind is np.ndarray or (isinstance(array, np.ndarray) and kind is not np.ma.MaskedArray)


def _check_type(result: Any, wanted: type) -> None:
    if not isinstance(result, wanted):
        _refuse("result", type(result).__name__, wanted.__name__)


def _look(array: Any) -> str:
    if isinstance(array, tuple):
        return f"a tuple of {len(array)}"
    if isinstance(array, np.ma.MaskedArray):
        return "a masked array"
    return f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__


def _refuse(what: str, got: str, wanted: str) -> NoReturn:
    raise BackendError(f"the backend returned {what}: got {got}, wanted {wanted}; this is a fault of the backend")
