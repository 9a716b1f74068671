"""Floats to integers and back."""

import numpy as np
from numpy.typing import NDArray

def round_to_bytes(
    values: NDArray[np.float32], out: NDArray[np.int8], half_even: bool, threads: int
) -> tuple[float, float]:
    """Round ``values`` to int8, what is beyond to its bounds, and return the smallest and the largest of them.

    Args:
        values: At least one, flat.
        out: Takes the integers, same size.
        half_even: Halves go to the even neighbour, else away from zero.
        threads: How many to use.

    Returns:
        Bounds of ``values`` as they came; twice NaN if one of them is.
    """

def arrange(results: NDArray[np.int8], out: NDArray[np.float32], threads: int) -> None:
    """Write results of products by patches to images.

    Args:
        results: Those of the patches of all images, (images * patches, columns).
        out: Takes them, (images, columns, patches).
        threads: How many to use.
    """
