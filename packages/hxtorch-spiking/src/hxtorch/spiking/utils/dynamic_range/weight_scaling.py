"""How many LSB of weight are one model unit."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hxtorch.spiking.chip.morphology import Morphology
from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.experiment.running import run
from hxtorch.spiking.network.handle import NeuronHandle
from hxtorch.spiking.parameter import MixedHXModelParameter
from hxtorch.spiking.utils.connection import connected
from hxtorch.spiking.utils.dynamic_range.helper import (
    NO_PARAMS,
    ONE_CIRCUIT,
    Measurement,
    told_apart,
)
from hxtorch.spiking.utils.dynamic_range.threshold import get_trace_scaling

__all__ = ["WeightScaling", "get_weight_scaling"]

_STEPS, _EVENT = 100, 20  # steps of 1 us of a run, and that of its one spike
_LOWEST, _HIGHEST = 20, 60  # weights of a sweep, LSB: above the noise, below what saturates
_NO_THRESHOLD = 1e9


class WeightScaling(Measurement):
    """Compare responses of all neurons of the connected chip to one spike with those of the model.

    Args:
        params: Arguments of the neurons, as :class:`~hxtorch.spiking.Neuron` takes them.
        calib_path: Calibration to use, or None to calibrate to ``params``.
        batch_size: Number of runs over which values are averaged.
        trace_scale: Model units per CADC LSB.
        neuron_structure: Circuits of a neuron.
    """

    def __init__(
        self,
        params: Mapping[str, Any] = NO_PARAMS,
        calib_path: str | PathLike[str] | None = None,
        batch_size: int = 100,
        trace_scale: float | Tensor = 1.0,
        neuron_structure: Morphology = ONE_CIRCUIT,
    ) -> None:
        super().__init__(params, calib_path, batch_size, neuron_structure)
        self.trace_scale = trace_scale

    def execute(self, weight: float, mock: bool = False) -> Tensor:
        """Send one spike to all neurons.

        Args:
            weight: Of the synapses: model units in mock mode, else LSB.
            mock: Whether the model is asked instead of the chip.

        Returns:
            Membranes (time, batch, neuron): model units in mock mode, one batch entry; else user units.
        """
        exp = self.experiment(mock=mock)
        spikes = torch.zeros(_STEPS, 1 if mock else self.batch_size, 1)
        spikes[_EVENT] = 1
        if not mock:
            self.connect(NeuronHandle(spikes), exp, weight, enable_current=False, enable_comparator=False)
            return self.recordings(exp, _STEPS).trace(exp.dt)
        silent = {"threshold": MixedHXModelParameter(_NO_THRESHOLD, 125)}
        model = Measurement({**self.params, **silent}, None, 1, self.neuron_structure)
        handle: Any = model.connect(NeuronHandle(spikes), exp, weight)
        run(exp, None)
        membrane: Tensor = handle.membrane_cadc
        return membrane.detach()

    def post_process(self, traces: Tensor, weight: float) -> tuple[Tensor, ...]:
        """Compare responses of the chip with that of the model to a weight of 1.

        Args:
            traces: Membranes of the chip, user units (time, batch, neuron).
            weight: Of the synapses, LSB.

        Returns:
            LSB of weight per model unit (neuron,), and the response of the chip in parts of the model's (neuron,).
        """
        model = self.execute(1.0, mock=True).mean(1).double()
        shape = model - model[:_EVENT].mean(0)
        mean = traces[: len(shape)].mean(1).double()
        mean = mean - mean[:_EVENT].mean(0)
        response = (mean * shape).sum(0) / shape.square().sum(0) * torch.as_tensor(self.trace_scale)
        return weight / response, response

    def run(self, weight_step: int = 1) -> tuple[Tensor, ...]:
        """Measure by several weights.

        Args:
            weight_step: Number of weights, spread over 20 to 60 LSB; 1 for 40 LSB alone.

        Returns:
            LSB of weight per model unit (neuron,), the mean over all weights; and the weights (weight,).

        Raises:
            ParameterError: ``weight_step`` is no number of weights.
        """
        if isinstance(weight_step, bool) or not isinstance(weight_step, int | np.integer) or weight_step < 1:
            raise ParameterError(f"weight_step: got {weight_step!r}, wanted a number of weights of at least 1")
        between = np.linspace(_LOWEST, _HIGHEST, 2 * weight_step + 1)[1::2]
        return self.sweep([int(weight) for weight in np.unique(np.rint(between))])

    def sweep(self, weights: list[int]) -> tuple[Tensor, ...]:
        """Measure as :meth:`run` does, by the given weights in LSB."""
        responses = [self.post_process(self.execute(weight), weight)[1] / weight for weight in weights]
        return 1 / torch.stack(responses).mean(0), torch.tensor(weights)


def get_weight_scaling(
    params: Mapping[str, Any] = NO_PARAMS,
    weight_step: int = 1,
    calib_path: str | PathLike[str] | None = None,
    neuron_structure: Morphology = ONE_CIRCUIT,
    *,
    weight: int | None = None,
    batch: int = 50,
    trace_scale: float | None = None,
) -> float:
    """Measure by how much to scale weights so that synapses of the chip are as strong as the model's.

    A chip is opened, and released afterwards, unless one is open. One spike reaches all neurons, and the height of the
    responses is compared with that of the model. Arguments by position come in any order.

    Args:
        params: Arguments of the neurons, as :class:`~hxtorch.spiking.Neuron` takes them; where they say nothing else,
            the model counts from the rest, in parts of the threshold.
        weight_step: Number of weights by which is measured.
        calib_path: Calibration to use, or None to calibrate to ``params``.
        neuron_structure: Circuits of a neuron.
        weight: The one weight to measure by instead, 1 to 63 LSB.
        batch: Number of runs over which values are averaged.
        trace_scale: Model units per CADC LSB, or None to measure it by
            :func:`~hxtorch.spiking.utils.dynamic_range.threshold.get_trace_scaling`.

    Returns:
        LSB per model unit: the ``scale`` of
        :func:`~hxtorch.spiking.transforms.weight_transforms.linear_saturating`, the median over all neurons.

    Source:
        chip facts 3.8.
    """
    arguments = told_apart(
        params=params, weight_step=weight_step, calib_path=calib_path, neuron_structure=neuron_structure
    )
    steps = arguments.pop("weight_step")
    with connected():
        scale: float | Tensor
        if trace_scale is None:
            scale = torch.tensor([*get_trace_scaling(**arguments).trace_scale.values()], dtype=torch.float64)
        else:
            scale = trace_scale
        scaling = WeightScaling(**arguments, batch_size=batch, trace_scale=scale)
        found = scaling.run(steps) if weight is None else scaling.sweep([weight])
    return float(found[0].median())


def __dir__() -> list[str]:
    return sorted(__all__)
