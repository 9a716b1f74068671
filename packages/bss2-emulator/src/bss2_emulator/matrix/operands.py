"""Check what callers hand to a matrix product."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bss2_emulator._kernels.matrix.hagen import are_within
from bss2_emulator.errors import OperandRangeError, RunError
from bss2_emulator.facts.constants import COLUMNS, MAX_ACTIVATION, MAX_WEIGHT


class Operands(NamedTuple):
    """A legal product.

    Attributes:
        weights: -63..63, int8 (rows, columns).
        activations: 0..31, uint8 (batch, rows), or with patches (images, values).
        starts: Where each patch of an image begins, int32 (patches,); none: activations are rows as they stand.
        offsets: Where the rows of a patch lie from there, int32 (rows,).
        num_sends: How often each vector is sent.
        wait_between_events: Cycles.
        madc_column: Column of the first tile to record, or None.
    """

    weights: NDArray[np.int8]
    activations: NDArray[np.uint8]
    starts: NDArray[np.int32]
    offsets: NDArray[np.int32]
    num_sends: int
    wait_between_events: int
    madc_column: int | None

    @property
    def batch(self) -> int:
        """Vectors that are multiplied."""
        return len(self.activations) * max(len(self.starts), 1)

    def vectors(self, rows: int) -> NDArray[np.uint8]:
        """Return the first ``rows`` rows of all vectors, (batch, up to rows)."""
        if not len(self.starts):
            return self.activations[:, :rows]
        places = self.starts[:, np.newaxis] + self.offsets[:rows]
        return self.activations[:, places].reshape(self.batch, -1)


NO_PATCHES = np.zeros(0, np.int32)


def check_operands(
    weights: Any, activations: Any, num_sends: Any, wait_between_events: Any, madc_column: Any, patches: Any = None
) -> Operands:
    """Return operands as the kernels take them; ``patches`` is a pair of starts and offsets, or None.

    Raises:
        RunError: Shapes, types or counts do not fit.
        OperandRangeError: A weight is outside -63..63 or an activation outside 0..31.
    """
    weights, activations = np.asarray(weights), np.asarray(activations)
    starts, offsets = (
        (NO_PATCHES, NO_PATCHES) if patches is None else _places(patches[0], patches[1], activations.shape[-1:])
    )
    rows = activations.shape[-1:] if patches is None else offsets.shape
    if weights.ndim != 2 or activations.ndim != 2 or weights.shape[:1] != rows or 0 in weights.shape:
        raise RunError(
            f"matrix product: got activations {activations.shape} times weights {weights.shape}, "
            "wanted (batch, rows) times (rows, columns)"
        )
    limits = (("weights", weights, -MAX_WEIGHT, MAX_WEIGHT), ("activations", activations, 0, MAX_ACTIVATION))
    for name, values, low, high in limits:
        if values.dtype.kind not in "iu":
            raise RunError(f"{name}: got type {values.dtype}, wanted integers")
        if not _are_within(values, low, high):
            bad = values[(values < low) | (values > high)].flat[0]
            raise OperandRangeError(f"{name}: got {bad}, wanted {low} to {high}")
    for name, number in (("num_sends", num_sends), ("wait_between_events", wait_between_events)):
        if not _is_integer(number) or number < 1:
            raise RunError(f"{name}: got {number!r}, wanted an integer of at least 1")
    recordable = min(weights.shape[1], COLUMNS)
    if madc_column is not None and not (_is_integer(madc_column) and 0 <= madc_column < recordable):
        raise RunError(f"madc_column: got {madc_column!r}, wanted a column from 0 to {recordable - 1}")
    return Operands(
        np.ascontiguousarray(weights, np.int8),
        np.ascontiguousarray(activations, np.uint8),
        starts,
        offsets,
        int(num_sends),
        int(wait_between_events),
        None if madc_column is None else int(madc_column),
    )


def _are_within(values: NDArray[Any], low: int, high: int) -> bool:
    """Tell whether all integers lie in the closed range of two bytes."""
    if (values.dtype == np.int8 or (values.dtype == np.uint8 and low >= 0)) and values.flags.c_contiguous:
        return are_within(values.view(np.int8), low, high)  # bytes beyond 127 are negative then, and so beyond 0
    return not values.size or bool(values.min() >= low and values.max() <= high)


def _is_integer(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _places(starts: Any, offsets: Any, size: tuple[int, ...]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return where the patches of an image of ``size`` values begin and where their rows lie from there."""
    starts, offsets = np.asarray(starts), np.asarray(offsets)
    for name, places in (("starts", starts), ("offsets", offsets)):
        if places.ndim != 1 or not places.size or places.dtype.kind not in "iu" or places.min() < 0:
            raise RunError(f"patches: got {name} {places.dtype} {places.shape}, wanted some integers of at least 0")
    if len(size) != 1 or int(starts.max()) + int(offsets.max()) >= size[0]:
        raise RunError(f"patches: got places up to {int(starts.max()) + int(offsets.max())}, wanted them in {size}")
    return np.ascontiguousarray(starts, np.int32), np.ascontiguousarray(offsets, np.int32)
