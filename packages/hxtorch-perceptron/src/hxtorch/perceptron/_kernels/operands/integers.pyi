"""Floats to integers and back."""

import numpy as np
from numpy.typing import NDArray

def round_to_bytes(
    values: NDArray[np.float32], out: NDArray[np.int8], half_even: bool, low: int, high: int, threads: int
) -> bool:
    """Round ``values`` to int8 and tell whether all of them are legal.

    Args:
        values: Two axes of any length.
        out: Takes the integers, same shape; where not all are legal nobody knows what it holds.
        half_even: Halves go to the even neighbour, else away from zero.
        low: Least integer that is legal, a byte.
        high: The largest one.
        threads: How many to use.

    Returns:
        Whether all are numbers that round to integers from ``low`` to ``high``.
    """

def widen(values: NDArray[np.int8], out: NDArray[np.float32], threads: int) -> None:
    """Write ``values`` to ``out`` as floats, (rows, columns) both; ``threads`` says how many to use."""

def arrange(results: NDArray[np.int8], out: NDArray[np.float32], threads: int) -> None:
    """Write results of products by patches to images.

    Args:
        results: Those of the patches of all images, (images * patches, columns).
        out: Takes them, (images, columns, patches).
        threads: How many to use.
    """
