"""How many threads a backend may take, and whose they are: frontends say, backends ask."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from typing import NamedTuple

from hxtorch.core.arguments import checked


class ThreadTeam(NamedTuple):
    """Two functions of the OpenMP that a process runs its other loops on, by their addresses."""

    run: int
    """``GOMP_parallel``, which GNU's, LLVM's and Intel's OpenMP have on Linux."""
    limit: int
    """``omp_get_max_threads``."""


_source: Callable[[], int] | None = None
_team: ThreadTeam | None = None


@checked
def set_thread_source(source: Callable[[], int] | None, team: ThreadTeam | None = None) -> None:
    """Say where the number of threads comes from; the frontends give ``torch.get_num_threads``.

    Args:
        source: Called before each run, in the thread that runs; None leaves the number to backends.
        team: Whose threads loops run on; None has kernels start their own. The first one that is given stays.
    """
    global _source, _team
    _source = source
    _team = _team or team


def thread_count() -> int | None:
    """Return how many threads the next run of a backend may take, at least 1; None if the backend decides."""
    return None if _source is None else max(int(_source()), 1)


def thread_team() -> ThreadTeam | None:
    """Return whose threads the next run of a backend takes; None if it has its own."""
    return _team


@checked
def find_thread_team(library: str) -> ThreadTeam | None:
    """Return the team of threads that a library's loops run on.

    Threads that sleep between loops have nothing to give: with ``OMP_WAIT_POLICY=passive`` there is no team.

    Args:
        library: Path of a shared object that this process has loaded, as ``torch._C.__file__``.

    Returns:
        None where the library has no OpenMP with GNU's interface (macOS, Windows).
    """
    if os.name != "posix" or os.environ.get("OMP_WAIT_POLICY", "").strip().lower() == "passive":
        return None
    try:
        loaded = ctypes.CDLL(library)
        functions = (loaded.GOMP_parallel, loaded.omp_get_max_threads)
    except (AttributeError, OSError):
        return None
    return ThreadTeam(*(ctypes.cast(function, ctypes.c_void_p).value or 0 for function in functions))
