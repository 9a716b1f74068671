"""Does a calibration reach what somebody wants of the neurons?"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hxtorch.core.arguments import checked
from hxtorch.core.calibration.targets.ranges import PER_NEURON
from hxtorch.core.errors import CalibrationTargetError
from hxtorch.core.interfaces import ChipCalibration

_LOG = logging.getLogger("hxtorch.core.calibration")
TOLERANCE = 1e-5  # relative: parameters may have passed through single precision


@dataclass(frozen=True, eq=False)
class Difference:
    """A parameter that a calibration was not made for.

    Attributes:
        name: Field of the calibration target.
        neurons: Neurons for which it differs, int64.
        wanted: Values wanted of them, float64 (neurons,), or (2, neurons) where inputs differ.
        calibrated: What the calibration was made for, same shape.
    """

    name: str
    neurons: np.ndarray
    wanted: np.ndarray
    calibrated: np.ndarray

    def __str__(self) -> str:
        wanted, calibrated = (_span(values) for values in (self.wanted, self.calibrated))
        return f"{self.name}: {wanted} wanted, {calibrated} calibrated, {len(self.neurons)} neurons"


@checked
def differences(
    calibration: ChipCalibration, values: Mapping[str, Any], neurons: np.ndarray | None = None
) -> tuple[Difference, ...]:
    """Compare wanted parameters with those that a calibration was made for.

    Args:
        calibration: What is loaded.
        values: Fields of its target by name: scalars, (512,), (2,) or (2, 512). Fields that are missing do not matter.
        neurons: Which neurons ``n`` matter, or None for all.

    Returns:
        What differs by more than a relative 1e-5, in the order of ``values``.

    Raises:
        CalibrationTargetError: The target has no such field.
    """
    which = np.arange(PER_NEURON[0]) if neurons is None else np.unique(np.asarray(neurons, np.int64))
    target = calibration.target.values()
    found = []
    for name, value in values.items():
        if name not in target:
            raise CalibrationTargetError(
                f"{name}: got a parameter that a {calibration.kind} calibration does not have; it has "
                f"{', '.join(target)}"
            )
        wanted, made = (_per_neuron(array)[:, which] for array in (value, target[name]))
        wanted, made = np.broadcast_arrays(wanted, made)
        differs = ~np.isclose(wanted, made, rtol=TOLERANCE, atol=0, equal_nan=True).all(axis=0)
        if differs.any():
            axis = slice(None) if len(wanted) > 1 else 0
            found.append(Difference(name, which[differs], wanted[axis][..., differs], made[axis][..., differs]))
    return tuple(found)


@checked
def check_parameters(
    calibration: ChipCalibration, values: Mapping[str, Any], neurons: np.ndarray | None = None, strict: bool = False
) -> tuple[Difference, ...]:
    """Report parameters that differ from those that a loaded calibration was made for.

    Args:
        calibration: What is loaded.
        values: Fields of its target, as for :func:`differences`.
        neurons: Which neurons matter, or None for all.
        strict: Raise instead of logging a warning.

    Returns:
        What differs.

    Raises:
        CalibrationTargetError: Something differs and ``strict`` is set.
    """
    found = differences(calibration, values, neurons)
    if found:
        message = (
            f"the loaded calibration of {calibration.serial!r} was made for other parameters: "
            f"{'; '.join(map(str, found))}; load another one, or none to have the chip calibrated"
        )
        if strict:
            raise CalibrationTargetError(message)
        _LOG.warning("%s", message)
    return found


def _per_neuron(value: Any) -> np.ndarray:
    """Return (1, 512), or (2, 512) where inputs have their own values."""
    array = np.asarray(np.nan if value is None else value, np.float64)
    if array.shape == (2,):
        array = array[:, np.newaxis]
    rows = 2 if array.ndim == 2 else 1
    return np.broadcast_to(array, (rows, *PER_NEURON))


def _span(values: np.ndarray) -> str:
    low, high = float(values.min()), float(values.max())
    return f"{low:g}" if low == high or np.isnan(low) else f"{low:g} to {high:g}"
