"""Ranges of calibration targets: where a value is refused, and where it is merely outside what is known to work."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from bss2_emulator.facts.constants import NEURONS
from hxtorch.core.errors import CalibrationTargetError

Values: TypeAlias = Any  # a number, or an array that numpy understands (torch tensors included)
Optionals: TypeAlias = Any  # such values, or None or NaN for what is not asked for

SCALAR: tuple[int, ...] = ()
PER_NEURON = (NEURONS,)
INPUTS = (2, NEURONS)  # excitatory, inhibitory


class CalibrationRangeWarning(UserWarning):
    """A target lies outside the range in which calibration is known to reach it."""


@dataclass(frozen=True)
class Range:
    """Closed ranges of one field of a target.

    Attributes:
        checked: Calibration is known to work here; a warning is given outside.
        hard: Values outside are refused.
        shapes: Shapes that an array may have beside a scalar.
        integer: Only whole numbers make sense.
        optional: None, or NaN for a single neuron, asks for nothing.
    """

    checked: tuple[float, float]
    hard: tuple[float, float]
    shapes: tuple[tuple[int, ...], ...] = (PER_NEURON,)
    integer: bool = False
    optional: bool = False

    def legal(self, name: str, value: Values, warn: bool = True) -> np.ndarray:
        """Return ``value`` as a read-only float64 array; arrays of one and the same value become scalars.

        Args:
            name: Of the field, for messages.
            value: A number, or an array in one of the declared shapes; two numbers (excitatory, inhibitory)
                stand for all neurons where both inputs have their own values.
            warn: Warn about values outside of the checked range.

        Raises:
            CalibrationTargetError: Not a number, not finite, wrong shape, or outside the hard range.
        """
        try:
            array = np.array(np.nan if value is None and self.optional else value, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise CalibrationTargetError(f"{name}: got {value!r}, wanted a number or an array of numbers") from error
        if array.shape == (2,) and INPUTS in self.shapes:
            array = np.repeat(array[:, np.newaxis], INPUTS[1], axis=1)
        if array.shape not in (SCALAR, *self.shapes):
            wanted = "".join(f" or {shape}" for shape in self.shapes)
            raise CalibrationTargetError(f"{name}: got shape {array.shape}, wanted a scalar{wanted}")
        asked = ~np.isnan(array) if self.optional else np.ones(array.shape, np.bool_)
        bad = asked & ~((array >= self.hard[0]) & (array <= self.hard[1]))  # catches NaN too
        if self.integer:
            bad |= asked & (array != np.round(array))
        if bad.any():
            kind = "whole numbers" if self.integer else "values"
            raise CalibrationTargetError(
                f"{name}: got {array[bad].flat[0]:g}, wanted {kind} from {self.hard[0]:g} to {self.hard[1]:g}"
            )
        outside = (array < self.checked[0]) | (array > self.checked[1])
        if warn and outside.any():
            warnings.warn(
                f"{name}: {array[outside].flat[0]:g} is outside of {self.checked[0]:g} to {self.checked[1]:g}, "
                "where calibration is known to work; check what it reached",
                CalibrationRangeWarning,
                stacklevel=4,
            )
        if array.size and ((array == array.flat[0]) | (np.isnan(array) & np.isnan(array.flat[0]))).all():
            array = np.array(array.flat[0])
        array.setflags(write=False)
        return array
