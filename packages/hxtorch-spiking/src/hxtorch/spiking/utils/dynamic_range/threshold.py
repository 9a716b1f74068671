"""Where neurons fire, and what that says about the units of their traces."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any, NamedTuple

import numpy as np

from hxtorch.spiking.errors import ExperimentError
from hxtorch.spiking.experiment.experiment import Experiment
from hxtorch.spiking.utils.dynamic_range.probe import SIZE, ByCoordinate, Probe, Recordings, by_coordinate, measure

_QUIET = 8e-6  # seconds since the spike before, in which a membrane is on its way up again


class TraceScaling(NamedTuple):
    """From CADC values to model units, by the place of each neuron: ``(value - trace_offset) * trace_scale``."""

    trace_offset: ByCoordinate
    trace_scale: ByCoordinate


def get_trace_scaling(
    calib_path: str | PathLike[str] | None = None,
    params: Mapping[str, Any] | None = None,
    offset_current: int = 260,
    batch: int = 20,
) -> TraceScaling:
    """Measure resting potential and threshold of all neurons of the connected chip, and scale traces by them.

    A constant current drives the membranes slowly over their thresholds. What the column ADC showed last before a
    spike is continued to the time of the spike.

    Args:
        calib_path: Calibration to use, or None to calibrate to ``params``.
        params: Arguments of the neurons, as :class:`~hxtorch.spiking.Neuron` takes them. Their model values of leak and
            threshold are what the measured potentials become.
        offset_current: Register code of the current, 1 to 1022: enough to fire, but not to jump over the threshold.
        batch: Number of runs over which values are averaged.

    Returns:
        Offset and scale, as neuron modules take them.

    Raises:
        NoConnectionError: No chip is connected.
        ExperimentError: More than one in twenty neurons did not fire; a larger current helps.
    """
    rest = measure(params, calib_path, batch=batch).mean_trace()[50:].mean(0)
    firing = measure(params, calib_path, current=offset_current, fires=True, batch=batch, steps=180)
    threshold, count = _thresholds(firing)
    silent = count == 0
    if silent.mean() > 0.05:
        raise ExperimentError(
            f"{silent.sum()} of {SIZE} neurons did not fire by an offset current of {offset_current}; use a larger one"
        )
    span = threshold - rest
    span[silent | (span <= 0)] = np.median(span[~silent])
    model = Probe(Experiment(mock=True), 0, True, params or {}).params
    leak, top = (np.broadcast_to(np.asarray(value, np.float64), (SIZE,)) for value in (model.leak, model.threshold))
    scale = (top - leak) / span
    return TraceScaling(by_coordinate(rest - leak / scale), by_coordinate(scale))


def _thresholds(firing: Recordings) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean membrane at spikes, user units, and the number of spikes that it is from, each (512,)."""
    total, count = np.zeros(SIZE), np.zeros(SIZE, np.int64)
    cycle = 8e-9
    for batch in range(firing.cadc.batch_size):
        mine = firing.spikes.batches == batch
        times, neurons = firing.spikes.times[mine], firing.spikes.indices[mine]
        order = np.lexsort((times, neurons))
        times, neurons = times[order], neurons[order]
        before = np.where(np.diff(neurons, prepend=-1) == 0, np.concatenate([[0], times[:-1]]), -np.inf)
        for sampled, values, indices in firing.cadc.entry(batch):
            column = np.full(SIZE, -1)
            column[indices] = np.arange(len(indices))
            last = np.searchsorted(sampled, times) - 1
            use = (column[neurons] >= 0) & (last >= 1)
            use &= sampled[np.maximum(last - 1, 0)] - before > _QUIET / cycle
            k, c = last[use], column[neurons[use]]
            slope = (values[k, c].astype(np.float64) - values[k - 1, c]) / (sampled[k] - sampled[k - 1])
            np.add.at(total, neurons[use], values[k, c] + slope * (times[use] - sampled[k]))
            np.add.at(count, neurons[use], 1)
    return total / np.maximum(count, 1), count
