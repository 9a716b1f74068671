"""What a backend returns is looked at before anybody works with it: a wrong shape there is an error far away later."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from bss2_emulator.facts.constants import COLUMNS, NEURONS
from hxtorch.core.errors import BackendError
from hxtorch.core.seam.batches import ascends, is_batch
from hxtorch.core.seam.programs import MatrixProgram, SpikingProgram
from hxtorch.core.seam.results import MatrixResult, SpikingResult

_ENDLESS = 2**63


def check_spiking(program: SpikingProgram, result: SpikingResult) -> None:
    """Refuse a result that can not be one of ``program``.

    Raises:
        BackendError: Arrays do not fit together, times lie outside the run or descend, or what was asked for lacks.
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
    for samples in result.cadc:
        _check_times("cadc", samples, batch, runtime)
        _check_shape("cadc: values", samples.values, (len(samples.times), len(samples.neurons)))
    recorded = sum(len(samples.neurons) for samples in result.cadc)
    if recorded != len(recording.cadc_neurons):
        _refuse("cadc", f"{recorded} neurons", f"{len(recording.cadc_neurons)}")
    _check_madc(result.madc, recording.madc_neuron is not None, batch, runtime)
    rows = len(recording.correlation_rows)
    if rows or result.correlation is not None:
        _check_shape("correlation", getattr(result.correlation, "values", None), (batch, rows, COLUMNS, 2))
    if recording.spike_counters:
        _check_shape("spike_counters", getattr(result.spike_counters, "values", None), (batch, NEURONS))


def check_matrix(program: MatrixProgram, result: MatrixResult) -> None:
    """Refuse a result that can not be one of ``program``.

    Raises:
        BackendError: As for :func:`check_spiking`.
    """
    _check_type(result, MatrixResult)
    batch = program.batch
    _check_shape("products", result.values, (batch, program.weights.shape[1]))
    _check_madc(result.madc, program.madc_column is not None, batch, _ENDLESS)


def _check_madc(madc: Any, asked: bool, batch: int, runtime: int) -> None:
    if (madc is not None) != asked:
        _refuse("madc", "samples" if madc is not None else "none", "samples" if asked else "none")
    if madc is not None:
        _check_times("madc", madc, batch, runtime)
        _check_shape("madc: values", madc.values, madc.times.shape)


def _check_times(what: str, events: Any, batch: int, runtime: int) -> None:
    try:
        times, offsets = events.times, events.batch_offsets
    except AttributeError:
        _refuse(what, type(events).__name__, "times and batch_offsets")
    for name, array in (("times", times), ("batch_offsets", offsets)):
        known = type(array) is np.ndarray or isinstance(array, np.ndarray)
        if not known or array.ndim != 1 or array.dtype.kind not in "iu":
            _refuse(f"{what}: {name}", _look(array), "a flat array of integers")
    if offsets.size != batch + 1 or not is_batch(offsets, times.size):
        _refuse(f"{what}: batch_offsets", _look(offsets), f"{batch + 1} that ascend from 0 to {times.size}")
    if not times.size:
        return
    if np.minimum.reduce(times) < 0 or np.maximum.reduce(times) >= runtime:
        _refuse(f"{what}: times", f"{times.min()} to {times.max()}", f"cycles in [0, {runtime})")
    if not ascends(times, offsets):
        _refuse(f"{what}: times", "some that descend", "ascending ones in each batch entry")


def _check_shape(what: str, array: Any, shape: tuple[int, ...]) -> None:
    if not isinstance(array, np.ndarray) or array.shape != shape:
        _refuse(what, _look(array), f"shape {shape}")


def _check_type(result: Any, wanted: type) -> None:
    if not isinstance(result, wanted):
        _refuse("result", type(result).__name__, wanted.__name__)


def _look(array: Any) -> str:
    return f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__


def _refuse(what: str, got: str, wanted: str) -> NoReturn:
    raise BackendError(f"the backend returned {what}: got {got}, wanted {wanted}; this is a fault of the backend")
