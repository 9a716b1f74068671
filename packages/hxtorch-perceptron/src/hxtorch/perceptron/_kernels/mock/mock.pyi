"""The mock model."""

import numpy as np
from numpy.typing import NDArray

INSTRUCTIONS: int
"""The instruction set that runs (``native/instructions.pyi``), as its place among all sets."""

def mock_product(
    activations: NDArray[np.uint8],
    starts: NDArray[np.int32],
    offsets: NDArray[np.int32],
    weights: NDArray[np.int8],
    factors: NDArray[np.float32],
    noise: float,
    event_noise: float,
    key: int,
    out: NDArray[np.float32],
    threads: int,
    instructions: int,
) -> None:
    """Multiply by the mock model.

    Args:
        activations: 0..31, (batch, rows), or with ``starts`` (images, values).
        starts: Where each patch of an image begins, (patches,); none: activations are rows as they stand.
        offsets: Where the rows of a patch lie from there, (rows,).
        weights: -63..63, (rows, columns).
        factors: LSB per product in each tile of 128 rows, (tiles, columns).
        noise: rms of the result of a tile, LSB.
        event_noise: rms that each activation adds that is not zero, LSB.
        key: 64 bits that key the noise; each result has its own numbers.
        out: Takes the results, (batch, columns); with ``starts`` these lie as (images, columns, patches).
        threads: How many to use; results do not depend on it.
        instructions: Up to :data:`INSTRUCTIONS`; all give the same bytes.
    """
