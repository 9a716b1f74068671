"""The threads of this package's kernels: one pool, which all of them use."""

def workers() -> int:
    """Return how many threads were started beside those that call kernels; they sleep when there is nothing to do."""

def join(team: int, limit: int) -> None:
    """Run loops on the threads of the process's OpenMP where these are enough, except in forked children.

    Args:
        team: Address of ``GOMP_parallel``.
        limit: Address of ``omp_get_max_threads``.
    """
