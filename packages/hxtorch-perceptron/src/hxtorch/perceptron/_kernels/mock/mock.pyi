"""The mock model."""

import numpy as np
from numpy.typing import NDArray

INSTRUCTIONS: int
"""The instruction set that runs (``native/instructions.pyi``), as its place among all sets."""

def mock_product(
    activations: NDArray[np.uint8],
    weights: NDArray[np.int8],
    factors: NDArray[np.float32],
    noise: float,
    key: int,
    out: NDArray[np.float32],
    threads: int,
    instructions: int,
) -> None:
    """Multiply by the mock model.

    Args:
        activations: 0..31, (batch, rows).
        weights: -63..63, (rows, columns).
        factors: LSB per product in each tile of 128 rows, (tiles, columns).
        noise: rms of the result of a tile, LSB.
        key: 64 bits that key the noise; each result has its own numbers.
        out: Takes the results, (batch, columns).
        threads: How many to use; results do not depend on it.
        instructions: Up to :data:`INSTRUCTIONS`; all give the same bytes.
    """
