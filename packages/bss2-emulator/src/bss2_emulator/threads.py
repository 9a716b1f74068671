"""How many threads a run takes where nobody says."""

from __future__ import annotations

import os

_forked = False


def default_threads() -> int:
    """Return the number of threads of a chip that was given none.

    Returns:
        One in a forked child, as others like it run beside it; else the first number of ``OMP_NUM_THREADS`` if that is
        set, else how many processors this process may use.
    """
    if _forked:
        return 1
    asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    if asked.isdigit():
        return max(int(asked), 1)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _note_fork() -> None:
    global _forked
    _forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)
