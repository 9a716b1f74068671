"""How many threads a backend may take: frontends say, backends ask."""

from __future__ import annotations

from collections.abc import Callable

from hxtorch.core.arguments import checked

_source: Callable[[], int] | None = None


@checked
def set_thread_source(source: Callable[[], int] | None) -> None:
    """Say where the number of threads comes from; the frontends give ``torch.get_num_threads``.

    Args:
        source: Called before each run, in the thread that runs; None leaves the number to backends.
    """
    global _source
    _source = source


def thread_count() -> int | None:
    """Return how many threads the next run of a backend may take, at least 1; None if the backend decides."""
    return None if _source is None else max(int(_source()), 1)
