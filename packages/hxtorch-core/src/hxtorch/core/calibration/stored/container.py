"""Read the safetensors container from bytes that may be anything, in memory bounded by their length.

The header is checked before anything is allocated; tensors are views into the bytes.

Source:
    the format's description, https://github.com/huggingface/safetensors (README, "Format").
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from hxtorch.core.errors import CalibrationFormatError

MAX_HEADER = 1 << 16
MAX_VALUES = 4096  # JSON values in a header; ours has some hundred
_DTYPES = {"BOOL": "?", "U8": "u1", "I16": "<i2", "U16": "<u2", "F64": "<f8"}


def read_container(data: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return metadata and tensors (read-only views) of a safetensors container.

    Raises:
        CalibrationFormatError: ``data`` is cut, is none, or holds types that a calibration does not have.
    """
    header, payload = _header(data)
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict):
        raise CalibrationFormatError("calibration file: its metadata is no table")
    tensors: dict[str, np.ndarray] = {}
    spans = []
    for name, entry in header.items():
        dtype, shape, begin, end = _entry(name, entry, len(data) - payload)
        spans.append((begin, end))
        array = np.frombuffer(data, dtype, math.prod(shape), payload + begin).reshape(shape)
        if dtype == np.bool_ and (array.view(np.uint8) > 1).any():
            raise CalibrationFormatError(f"calibration file: tensor {name!r} holds bytes that are no truth values")
        tensors[name] = array
    position = 0
    for begin, end in sorted(spans):
        if begin != position:
            raise CalibrationFormatError(f"calibration file: tensors leave a gap or overlap at byte {begin}")
        position = end
    if position != len(data) - payload:
        raise CalibrationFormatError(
            f"calibration file: {len(data) - payload} bytes of values, its header tells of {position}; it is cut or "
            "damaged"
        )
    return metadata, tensors


def parse_json(text: str | bytes, what: str) -> dict[str, Any]:
    """Parse a JSON table of bounded size.

    Raises:
        CalibrationFormatError: It is none, or it is absurdly large or deep.
    """
    data = text.encode(errors="surrogatepass") if isinstance(text, str) else text
    if len(data) > MAX_HEADER or sum(data.count(mark) for mark in b"{[,") > MAX_VALUES:
        raise CalibrationFormatError(f"calibration file: its {what} is too large for a calibration")
    try:
        table = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise CalibrationFormatError(f"calibration file: its {what} is no JSON ({type(error).__name__})") from error
    if not isinstance(table, dict):
        raise CalibrationFormatError(f"calibration file: its {what} is no JSON table")
    return table


def _header(data: bytes) -> tuple[dict[str, Any], int]:
    """Return the header and the position of the first byte of values."""
    if len(data) < 8:
        raise CalibrationFormatError(f"calibration file: {len(data)} bytes are too few to be one")
    length = int.from_bytes(data[:8], "little")
    if length > min(MAX_HEADER, len(data) - 8):
        raise CalibrationFormatError(
            f"calibration file: a header of {length} bytes in a file of {len(data)}; it is cut or no calibration"
        )
    return parse_json(data[8 : 8 + length], "header"), 8 + length


def _entry(name: str, entry: Any, available: int) -> tuple[np.dtype[Any], tuple[int, ...], int, int]:
    """Check the description of one tensor; return its type, shape, first and last byte."""
    problem = f"calibration file: tensor {name[:80]!r} "
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise CalibrationFormatError(problem + "is not described by type, shape and offsets")
    if not isinstance(entry["dtype"], str) or entry["dtype"] not in _DTYPES:
        raise CalibrationFormatError(problem + f"has a type that calibrations do not use; known: {', '.join(_DTYPES)}")
    dtype = np.dtype(_DTYPES[entry["dtype"]])
    shape = _naturals(problem + "shape", entry["shape"], 3, 1 << 20)
    offsets = _naturals(problem + "offsets", entry["data_offsets"], 2, available)
    if len(offsets) != 2 or offsets[1] - offsets[0] != math.prod(shape) * dtype.itemsize:
        raise CalibrationFormatError(problem + "has offsets that do not fit its shape")
    return dtype, shape, offsets[0], offsets[1]


def _naturals(what: str, values: Any, most: int, high: int) -> tuple[int, ...]:
    if not isinstance(values, list) or len(values) > most:
        raise CalibrationFormatError(f"{what}: wanted a list of at most {most} numbers")
    if not all(type(value) is int and 0 <= value <= high for value in values):
        raise CalibrationFormatError(f"{what}: wanted whole numbers from 0 to {high}")
    return tuple(values)
