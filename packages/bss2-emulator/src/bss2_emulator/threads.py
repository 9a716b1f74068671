"""How many threads a run takes where nobody says, and what keeps threads of users apart."""

from __future__ import annotations

import os
import threading
from weakref import WeakSet

from bss2_emulator._kernels.native import pool

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


def join_team(run: int, limit: int) -> None:
    """Have all chips run on the threads of the process's OpenMP where these are enough, instead of on their own.

    Threads of OpenMP spin for milliseconds after each loop: on all processors, chips would wait for them. Nothing
    happens in a forked child, which has none of these threads.

    Args:
        run: Address of ``GOMP_parallel``.
        limit: Address of ``omp_get_max_threads``.
    """
    if not _forked:
        pool.join(run, limit)


def _note_fork() -> None:
    global _forked
    _forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)


class Lock:
    """A lock that a forked child finds open, and that every copy of its owner has anew.

    The thread that holds it may take it again.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        _LOCKS.add(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def __reduce__(self) -> tuple[type[Lock], tuple[()]]:
        return Lock, ()

    def renew(self) -> None:
        """Let go what a thread held that is not here."""
        self._lock = threading.RLock()


_LOCKS: WeakSet[Lock] = WeakSet()


def _renew_locks() -> None:
    for lock in _LOCKS:
        lock.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_locks)
