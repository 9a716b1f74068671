"""From model weights to synapses."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from bss2_emulator.facts.constants import MAX_WEIGHT
from hxtorch.core.arguments import checked
from hxtorch.core.errors import ConfigurationError
from hxtorch.core.seam.arrays import as_array


class ListedSynapse(NamedTuple):
    """One synapse, as low-level scripts list them.

    Attributes:
        index_pre: Number of the source in its population, and its compartment.
        index_post: Number of the target in its population, and its compartment.
        weight: Absolute value, LSB.
    """

    index_pre: tuple[int, int]
    index_post: tuple[int, int]
    weight: int


@checked
def round_to_lsb(weight: np.ndarray) -> np.ndarray:
    """Round weights in LSB to the nearest integer, halves away from zero.

    Args:
        weight: Real, any shape, within +-63 after rounding. Anything that NumPy can read.

    Returns:
        int8, same shape.

    Raises:
        ConfigurationError: A weight is NaN or beyond the range.

    Source: chip facts 2.2.
    """
    values = np.asarray(weight)
    if values.dtype.kind not in "iuf":
        raise ConfigurationError(f"weights: got type {values.dtype}, wanted real numbers")
    if values.dtype.kind == "f":
        values = np.trunc(values + np.copysign(0.5, values))
    legal = (values >= -MAX_WEIGHT) & (values <= MAX_WEIGHT)
    if not legal.all():
        bad = np.asarray(weight)[~legal].flat[0]
        raise ConfigurationError(f"weights: got {bad}, wanted -{MAX_WEIGHT} to {MAX_WEIGHT} LSB; scale or clamp first")
    return values.astype(np.int8)


@checked
def weight_to_connection(weight: Any, connections: Any = None) -> list[ListedSynapse]:
    """List the synapses of a weight matrix, zeros included.

    A synapse on the chip has no sign: the rows of a driver are excitatory or inhibitory, so absolute values are listed.

    Args:
        weight: In LSB, real (post, pre) as torch keeps it; with ``connections`` also one value for each of them
            (synapses,). Anything that NumPy can read, and tensors.
        connections: Which synapses there are: all targets and all sources, ``([post, ...], [pre, ...])``, integers
            (2, synapses). None for all.

    Returns:
        With ``connections`` in their order, else target by target.

    Raises:
        ConfigurationError: A weight is NaN or beyond +-63, the matrix is none, or a connection lies outside of it.

    Source: chip facts 2.2.
    """
    matrix = np.abs(round_to_lsb(as_array(weight)))
    if connections is None:
        if matrix.ndim != 2:
            raise ConfigurationError(f"weights: got shape {matrix.shape}, wanted (post, pre)")
        post, pre = np.indices(matrix.shape).reshape(2, -1)
        values = matrix.reshape(-1)
    else:
        post, pre = _legal_pairs(connections)
        values = _values_of(matrix, post, pre)
    return [
        ListedSynapse((source, 0), (target, 0), value)
        for source, target, value in zip(pre.tolist(), post.tolist(), values.tolist(), strict=True)
    ]


def _legal_pairs(connections: Any) -> np.ndarray:
    pairs = as_array([as_array(part) for part in connections])
    if pairs.ndim != 2 or len(pairs) != 2 or (pairs.size and pairs.dtype.kind not in "iu"):
        raise ConfigurationError(
            f"connections: got {pairs.dtype} {pairs.shape}, wanted all targets and all sources, integers (2, synapses)"
        )
    return pairs.astype(np.int64)


def _values_of(matrix: np.ndarray, post: np.ndarray, pre: np.ndarray) -> np.ndarray:
    if matrix.ndim == 1 and len(matrix) == len(post):
        return matrix
    if matrix.ndim != 2:
        raise ConfigurationError(
            f"weights: got shape {matrix.shape}, wanted (post, pre) or one value for each of {len(post)} connections"
        )
    outside = (post < 0) | (post >= matrix.shape[0]) | (pre < 0) | (pre >= matrix.shape[1])
    if outside.any():
        first = int(outside.argmax())
        raise ConfigurationError(
            f"connections: got target {post[first]}, source {pre[first]}, wanted them inside weights {matrix.shape}"
        )
    picked: np.ndarray = matrix[post, pre]
    return picked
