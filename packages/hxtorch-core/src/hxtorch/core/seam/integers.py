"""Integers that callers hand over, checked before they become arrays of the chip's types, where they would wrap."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np

from hxtorch.core.errors import HXTorchError, ProgramError

_MOST = 2**32 - 1


def frozen(array: np.ndarray, dtype: type) -> np.ndarray:
    """Return ``array`` as a read-only contiguous array of ``dtype``; copy only what is needed for that."""
    fits = type(array) is np.ndarray and array.ndim and array.dtype == dtype and array.flags.c_contiguous
    if fits and not array.flags.writeable:
        return array
    result: np.ndarray = array.view() if fits else np.ascontiguousarray(array, dtype)
    result.flags.writeable = False
    return result


def legal_integers(what: str, values: Any, dtype: type, error: type[HXTorchError] = ProgramError) -> np.ndarray:
    """Return integers of any shape as a read-only array of ``dtype``.

    Args:
        what: Name of the values, for messages.
        values: Anything that NumPy can read; nothing at all counts as integers.
        dtype: Integer type of the result.
        error: What to raise.

    Raises:
        HXTorchError: They are not integers, or ``dtype`` does not hold all of them.
    """
    try:
        array = np.asarray(values)
    except (ValueError, TypeError, RuntimeError) as problem:  # ragged, or on no device
        raise error(f"{what}: got {type(values).__name__}, wanted integers ({problem})") from problem
    if array.dtype != dtype and array.size:
        if array.dtype.kind not in "iu":
            raise error(f"{what}: got values of type {array.dtype}, wanted integers; round them first")
        limits = np.iinfo(dtype)
        low, high = int(array.min()), int(array.max())
        if low < limits.min or high > limits.max:
            raise error(f"{what}: got {low if low < limits.min else high}, wanted {limits.min} to {limits.max}")
    return frozen(array, dtype)


def legal_integer(
    what: str, value: Any, low: int, high: int | None = None, error: type[HXTorchError] = ProgramError
) -> int:
    """Return one integer of the closed range ``[low, high]``, or of at least ``low``.

    Args:
        what: Name of the value, for messages.
        value: An integer of Python or NumPy; a bool is none.
        low: Least value.
        high: Largest value, or None for 2**32 - 1, more than chips have of anything.
        error: What to raise.

    Raises:
        HXTorchError: It is no integer, or out of the range.
    """
    number: int | None = value if type(value) is int else None
    if number is None and isinstance(value, Integral) and not isinstance(value, bool):
        number = int(value)
    if number is None or not low <= number <= (_MOST if high is None else high):
        unbounded = high is None and (number is None or number < low)
        wanted = f"of at least {low}" if unbounded else f"from {low} to {_MOST if high is None else high}"
        raise error(f"{what}: got {value!r}, wanted an integer {wanted}")
    return number
