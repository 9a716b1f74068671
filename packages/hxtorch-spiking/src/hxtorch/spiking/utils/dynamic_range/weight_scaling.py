"""How many LSB of weight are one model unit."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

import numpy as np
import torch

from hxtorch.spiking.experiment.experiment import Experiment
from hxtorch.spiking.functional import CUBALIParams, cuba_li_integration
from hxtorch.spiking.utils.dynamic_range.probe import DT, SIZE, Probe, measure
from hxtorch.spiking.utils.dynamic_range.threshold import get_trace_scaling

_EVENT = 20  # step of the one spike


def get_weight_scaling(
    calib_path: str | PathLike[str] | None = None,
    params: Mapping[str, Any] | None = None,
    weight: int = 40,
    batch: int = 50,
    trace_scale: float | None = None,
) -> float:
    """Measure by how much to scale weights so that synapses of the connected chip are as strong as the model's.

    One spike reaches all neurons. The height of the responses is compared with that of the model.

    Args:
        calib_path: Calibration to use, or None to calibrate to ``params``.
        params: Arguments of the neurons, as :class:`~hxtorch.spiking.Neuron` takes them.
        weight: Of the synapses that are measured, LSB; 1 to 63.
        batch: Number of runs over which values are averaged.
        trace_scale: Model units per CADC LSB, or None to measure it by
            :func:`~hxtorch.spiking.utils.dynamic_range.threshold.get_trace_scaling`.

    Returns:
        LSB per model unit: the ``scale`` of
        :func:`~hxtorch.spiking.transforms.weight_transforms.linear_saturating`, the median over all neurons.

    Raises:
        NoConnectionError: No chip is connected.

    Source:
        chip facts 3.8.
    """
    model = Probe(Experiment(mock=True), 0, False, params or {}).params
    spikes = torch.zeros(100, 1, SIZE)
    spikes[_EVENT] = 1
    response = cuba_li_integration(spikes, CUBALIParams(0.0, model.tau_mem, model.tau_syn), dt=DT).membrane_cadc
    shape = response.detach()[:, 0].double().numpy()

    traces = measure(params, calib_path, weight=weight, spikes=spikes[..., :1].repeat(1, batch, 1)).mean_trace()
    traces = traces[: len(shape)] - traces[:_EVENT].mean(0)
    measured = (traces * shape).sum(0) / np.square(shape).sum(0) / weight
    if trace_scale is None:
        per_lsb = np.array([*get_trace_scaling(calib_path, params).trace_scale.values()])
    else:
        per_lsb = np.full(SIZE, trace_scale)
    return float(np.median(1.0 / (measured * per_lsb)))
