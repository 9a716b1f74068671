"""A lock between processes, by a file: it spares work that is done twice, and stops nobody where it does not work."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

PATIENCE = 600.0
"""Seconds after which a lock is not waited for any more: who holds it may be stopped, or on a machine that is gone."""

_PAUSE = 0.05  # seconds between two tries


@contextmanager
def locked(path: str | os.PathLike[str]) -> Iterator[bool]:
    """Hold the lock of a file, which is made if there is none, and stays.

    The file may be another user's: it only has to be readable. A process that ends, in whatever way, gives its locks
    back.

    Args:
        path: The file.

    Yields:
        Whether it is held; not where the file can not be opened or its file system has no locks, and not after
        :data:`PATIENCE`.
    """
    try:
        handle = _opened(Path(path))
    except OSError:
        yield False
        return
    try:
        yield _taken(handle)
    finally:
        if sys.platform != "win32":  # a child that was forked meanwhile has the file open, too
            with suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_UN)
        os.close(handle)


def _opened(path: Path) -> int:
    """Open for writing, as network file systems want it for a lock, or else for reading."""
    flags = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        return os.open(path, os.O_RDWR | flags)
    except FileNotFoundError:
        return os.open(path, os.O_RDWR | os.O_CREAT | flags, 0o666)  # umask takes from it
    except OSError:  # another user's, or on a disk that can only be read
        return os.open(path, os.O_RDONLY | flags)


def _taken(handle: int) -> bool:
    """Wait for a lock; return whether it came."""
    end = time.monotonic() + PATIENCE
    while (taken := _tried(handle)) is None and time.monotonic() < end:
        time.sleep(_PAUSE)
    return bool(taken)


def _tried(handle: int) -> bool | None:
    """Return whether a lock could be taken, or None if another process has it."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return None
    except OSError:  # there are none here
        return False
    return True
