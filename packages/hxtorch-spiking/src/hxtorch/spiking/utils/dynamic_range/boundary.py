"""How far membranes can go."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any, NamedTuple

import numpy as np

from hxtorch.spiking.utils.dynamic_range.probe import ByCoordinate, by_coordinate, measure

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


def get_dynamic_range(
    calib_path: str | PathLike[str] | None = None,
    params: Mapping[str, Any] | None = None,
    offset_current: int = 1000,
    batch: int = 10,
) -> DynamicRange:
    """Measure the range of all membranes of the connected chip by constant currents.

    Args:
        calib_path: Calibration to use, or None to calibrate to ``params``.
        params: Arguments of the neurons, as :class:`~hxtorch.spiking.Neuron` takes them.
        offset_current: Register code of the currents, 1 to 1022.
        batch: Number of runs of 100 us over which values are averaged.

    Raises:
        NoConnectionError: No chip is connected.

    Source:
        chip facts 2.6.
    """

    def level(current: int) -> ByCoordinate:
        trace = measure(params, calib_path, current=current, batch=batch).mean_trace()
        settled: np.ndarray = trace[int(_SETTLED * len(trace)) :].mean(0)
        return by_coordinate(settled)

    return DynamicRange(level(0), level(-offset_current), level(offset_current))
