"""The threads of this package's kernels: one pool, which all of them use."""

def workers() -> int:
    """Return how many threads were started beside those that call kernels; they sleep when there is nothing to do."""

def calm(library: str) -> bool:
    """Have threads of OpenMP sleep between loops, from the first loop of this pool on that takes several threads.

    Args:
        library: File of a loaded library that is linked with OpenMP.

    Returns:
        Whether it is linked with one that is known.
    """
