"""How far membranes can go."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any, NamedTuple

from torch import Tensor

from hxtorch.core import ConstantCurrentType
from hxtorch.spiking.chip.morphology import Morphology
from hxtorch.spiking.experiment.experiment import Experiment
from hxtorch.spiking.network.handle import TensorHandle
from hxtorch.spiking.utils.connection import connected
from hxtorch.spiking.utils.dynamic_range.helper import (
    DT,
    NO_PARAMS,
    ONE_CIRCUIT,
    ByCoordinate,
    Measurement,
    told_apart,
)

__all__ = ["Boundaries", "DynamicRange", "get_dynamic_range"]

_DURATION = 100e-6  # seconds of a run
_SETTLED = 0.5  # part of a run after which the membrane is at its end


class DynamicRange(NamedTuple):
    """Membranes in user units (CADC LSB, raw - 128), by the place of each neuron.

    Attributes:
        baseline: At rest.
        lower: Drawn down as far as they go.
        upper: Driven up as far as they go.
    """

    baseline: ByCoordinate
    lower: ByCoordinate
    upper: ByCoordinate


class Boundaries(Measurement):
    """Measure the range of all membranes of the connected chip by constant currents.

    Args:
        params: Arguments of the neurons, as :class:`~hxtorch.spiking.Neuron` takes them.
        calib_path: Calibration to use, or None to calibrate to ``params``.
        batch_size: Number of runs of 100 us over which values are averaged.
        neuron_structure: Circuits of a neuron.

    Attributes:
        offset_current: Register code of the currents, 1 to 1022.
    """

    offset_current: int = 1000

    def build_model(
        self,
        inputs: TensorHandle,
        exp: Experiment,
        current_type: ConstantCurrentType | None = None,
        enable_current: bool = True,
    ) -> TensorHandle:
        """Connect silent inputs and neurons on the whole chip, which do not fire.

        Args:
            inputs: Spikes (time, batch, 1).
            exp: Collects the layers.
            current_type: Direction of the current; None for none.
            enable_current: Whether it is on.

        Returns:
            What the neurons show.
        """
        return self.connect(
            inputs,
            exp,
            enable_comparator=False,
            offset_current=self.offset_current,
            enable_current=enable_current and current_type is not None,
            current_type=ConstantCurrentType.source if current_type is None else current_type,
        )

    def run(self, dt: float = DT) -> tuple[Tensor, ...]:
        """Run without a current, with one that drives the membranes up and one that draws them down.

        Args:
            dt: Step in seconds.

        Returns:
            Baseline, lower and upper end, user units (neuron,).
        """
        steps = round(_DURATION / dt)
        traces = []
        for direction in (None, ConstantCurrentType.source, ConstantCurrentType.sink):
            exp = self.experiment(dt)
            self.build_model(self.silence(steps), exp, direction)
            recorded = self.recordings(exp, steps)
            traces.append(recorded.trace(dt))
        return self.post_process(*traces)

    def post_process(self, baselines: Tensor, upperlines: Tensor, lowerlines: Tensor) -> tuple[Tensor, ...]:
        """Average the settled parts of traces.

        Args:
            baselines: Without a current, user units (time, batch, neuron).
            upperlines: Driven up.
            lowerlines: Drawn down.

        Returns:
            Baseline, lower and upper end, user units (neuron,).
        """
        return tuple(trace[int(_SETTLED * len(trace)) :].mean((0, 1)) for trace in (baselines, lowerlines, upperlines))


def get_dynamic_range(
    neuron_structure: Morphology = ONE_CIRCUIT,
    calib_path: str | PathLike[str] | None = None,
    params: Mapping[str, Any] = NO_PARAMS,
    *,
    offset_current: int = 1000,
    batch: int = 10,
) -> DynamicRange:
    """Measure the range of all membranes by constant currents.

    A chip is opened, and released afterwards, unless one is open. Arguments by position come in any order.

    Args:
        neuron_structure: Circuits of a neuron.
        calib_path: Calibration to use, or None to calibrate to ``params``.
        params: Arguments of the neurons, as :class:`~hxtorch.spiking.Neuron` takes them.
        offset_current: Register code of the currents, 1 to 1022.
        batch: Number of runs of 100 us over which values are averaged.

    Source:
        chip facts 2.6.
    """
    arguments = told_apart(neuron_structure=neuron_structure, calib_path=calib_path, params=params)
    boundaries = Boundaries(**arguments, batch_size=batch)
    boundaries.offset_current = offset_current
    with connected():
        return DynamicRange(*map(boundaries.by_coordinate, boundaries.run()))


def __dir__() -> list[str]:
    return sorted(__all__)
