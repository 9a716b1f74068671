"""The threads of this package's kernels: one pool, which all of them use."""

def workers() -> int:
    """Return how many threads were started beside those that call kernels; they sleep when there is nothing to do."""
