"""Look for numbers that are none, in one pass."""

def worst(address: int, count: int, double_precision: bool) -> int:
    """Tell what is among numbers.

    Args:
        address: Where they lie, one behind the other; 0 for nowhere.
        count: How many there are.
        double_precision: They are float64, else float32.

    Returns:
        0 if all are finite, 1 if there is infinity and no NaN, 2 if there is NaN.
    """
