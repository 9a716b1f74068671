"""Where neurons fire, and what that says about the units of their traces."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from hxtorch.core import CYCLE
from hxtorch.spiking.chip.morphology import Morphology
from hxtorch.spiking.errors import ExperimentError
from hxtorch.spiking.experiment.experiment import Experiment
from hxtorch.spiking.network.handle import TensorHandle
from hxtorch.spiking.utils.connection import connected
from hxtorch.spiking.utils.dynamic_range.helper import (
    DT,
    NO_PARAMS,
    ONE_CIRCUIT,
    ByCoordinate,
    Measurement,
    Recordings,
    told_apart,
)

__all__ = ["Threshold", "TraceScaling", "get_trace_scaling"]

_RESTING, _FIRING = 100e-6, 180e-6  # seconds of a run
_QUIET = 8e-6  # seconds since the spike before, in which a membrane is on its way up again


class TraceScaling(NamedTuple):
    """From CADC values to model units, by the place of each neuron: ``(value - trace_offset) * trace_scale``."""

    trace_offset: ByCoordinate
    trace_scale: ByCoordinate


class Threshold(Measurement):
    """Measure resting potentials and thresholds of all neurons of the connected chip.

    A constant current drives the membranes slowly over their thresholds. What the column ADC showed last before a
    spike is continued to the time of the spike.

    Args:
        params: Arguments of the neurons, as :class:`~hxtorch.spiking.Neuron` takes them. Their model values of leak and
            threshold are what the measured potentials become.
        calib_path: Calibration to use, or None to calibrate to ``params``.
        batch_size: Number of runs over which values are averaged.
        neuron_structure: Circuits of a neuron.

    Attributes:
        offset_current: Register code of the current, 1 to 1022: enough to fire, but not to jump over the threshold.
    """

    offset_current: int = 260

    def build_model(self, inputs: TensorHandle, exp: Experiment, enable_current: bool = True) -> TensorHandle:
        """Connect silent inputs and neurons on the whole chip, which fire if there is a current.

        Args:
            inputs: Spikes (time, batch, 1).
            exp: Collects the layers.
            enable_current: Whether the current and the threshold comparators are on.

        Returns:
            What the neurons show.
        """
        return self.connect(
            inputs,
            exp,
            enable_comparator=enable_current,
            enable_current=enable_current,
            offset_current=self.offset_current,
        )

    def run(self, dt: float = DT) -> tuple[Tensor, ...]:
        """Run without and with the current.

        Args:
            dt: Step in seconds.

        Returns:
            Offset in user units and scale in model units per LSB, (neuron,).

        Raises:
            ExperimentError: More than one in twenty neurons did not fire; a larger current helps.
        """
        recorded = []
        for enable_current, seconds in ((False, _RESTING), (True, _FIRING)):
            steps = round(seconds / dt)
            exp = self.experiment(dt)
            self.build_model(self.silence(steps), exp, enable_current)
            recorded.append(self.recordings(exp, steps))
        return self.post_process(recorded[1], recorded[0].trace(dt))

    def post_process(self, traces: Tensor | Recordings, baselines: Tensor) -> tuple[Tensor, ...]:
        """Compare potentials with those of the model.

        Args:
            traces: Of neurons that fire: the recordings; or membranes in user units (time, batch, neuron), whose
                largest values are taken for thresholds.
            baselines: Membranes at rest, user units (time, batch, neuron).

        Returns:
            Offset in user units and scale in model units per LSB, (neuron,).

        Raises:
            ExperimentError: More than one in twenty neurons did not fire.
        """
        rest = baselines[len(baselines) // 2 :].mean((0, 1)).double()
        if isinstance(traces, Recordings):
            threshold, count = (torch.from_numpy(values) for values in _thresholds(traces))
        else:
            threshold = traces.amax(0).mean(0).double()
            count = torch.ones_like(threshold)
        silent = count == 0
        if silent.double().mean() > 0.05:
            raise ExperimentError(
                f"{int(silent.sum())} of {len(silent)} neurons did not fire by an offset current of "
                f"{self.offset_current}; use a larger one"
            )
        span = threshold - rest
        span[silent | (span <= 0)] = span[~silent].median()
        leak, top = self.model_value("leak"), self.model_value("threshold")
        scale = (top - leak) / span
        return rest - leak / scale, scale


def get_trace_scaling(
    params: Mapping[str, Any] = NO_PARAMS,
    calib_path: str | PathLike[str] | None = None,
    neuron_structure: Morphology = ONE_CIRCUIT,
    *,
    offset_current: int = 260,
    batch: int = 20,
) -> TraceScaling:
    """Measure resting potential and threshold of all neurons, and scale traces by them.

    A chip is opened, and released afterwards, unless one is open. Arguments by position come in any order.

    Args:
        params: Arguments of the neurons, as :class:`~hxtorch.spiking.Neuron` takes them. Their model values of leak and
            threshold are what the measured potentials become.
        calib_path: Calibration to use, or None to calibrate to ``params``.
        neuron_structure: Circuits of a neuron.
        offset_current: Register code of the current, 1 to 1022: enough to fire, but not to jump over the threshold.
        batch: Number of runs over which values are averaged.

    Returns:
        Offset and scale, as neuron modules take them.

    Raises:
        ExperimentError: More than one in twenty neurons did not fire; a larger current helps.
    """
    arguments = told_apart(params=params, calib_path=calib_path, neuron_structure=neuron_structure)
    threshold = Threshold(**arguments, batch_size=batch)
    threshold.offset_current = offset_current
    with connected():
        return TraceScaling(*map(threshold.by_coordinate, threshold.run()))


def _thresholds(firing: Recordings) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean membrane at spikes, user units, and the number of spikes that it is from, each (neuron,)."""
    size = firing.cadc.size
    total, count = np.zeros(size), np.zeros(size, np.int64)
    for batch in range(firing.cadc.batch_size):
        mine = firing.spikes.batches == batch
        times, neurons = firing.spikes.times[mine], firing.spikes.indices[mine]
        order = np.lexsort((times, neurons))
        times, neurons = times[order], neurons[order]
        before = np.where(np.diff(neurons, prepend=-1) == 0, np.concatenate([[0], times[:-1]]), -np.inf)
        for sampled, values, indices in firing.cadc.entry(batch):
            column = np.full(size, -1)
            column[indices] = np.arange(len(indices))
            last = np.searchsorted(sampled, times) - 1
            use = (column[neurons] >= 0) & (last >= 1)
            use &= sampled[np.maximum(last - 1, 0)] - before > _QUIET / CYCLE
            k, c = last[use], column[neurons[use]]
            slope = (values[k, c].astype(np.float64) - values[k - 1, c]) / (sampled[k] - sampled[k - 1])
            np.add.at(total, neurons[use], values[k, c] + slope * (times[use] - sampled[k]))
            np.add.at(count, neurons[use], 1)
    return total / np.maximum(count, 1), count


def __dir__() -> list[str]:
    return sorted(__all__)
