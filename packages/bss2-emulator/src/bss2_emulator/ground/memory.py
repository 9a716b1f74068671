"""Memory is asked for before it is spent: what can not fit is refused at once, not after minutes.

The limit is a share of what is available now, by ``/proc/meminfo``, the limit of the process's control group and that
of its address space (``ulimit -v``); ``HXTORCH_MEMORY_SHARE`` says which, 0.9 by default. Where none tells anything
there is no limit. Estimates are lower bounds: what is refused would not have fitted.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

SHARE = 0.9
SMALL = 1 << 26
"""Bytes that nobody looks at."""

_MEMINFO, _GROUP, _OWN = Path("/proc/meminfo"), Path("/sys/fs/cgroup"), Path("/proc/self/statm")


class Budget:
    """What one package may spend.

    Args:
        limit: What is raised where there is no room.
        argument: What is raised if ``HXTORCH_MEMORY_SHARE`` is no positive number.
    """

    def __init__(self, limit: type[Exception], argument: type[Exception]) -> None:
        self._limit, self._argument = limit, argument

    def memory_limit(self) -> int | None:
        """Return how many bytes may be spent now, or None if that can not be told.

        Raises:
            ArgumentError: ``HXTORCH_MEMORY_SHARE`` is no positive number.
        """
        known = [found for found in (_available(), _left_in_group(), _left_to_process()) if found is not None]
        return int(min(known) * self._share()) if known else None

    def require_memory(
        self, what: str, entry: int, entries: int, advice: str, kind: str = "batch entries", again: int = 0
    ) -> None:
        """Refuse what needs more memory than there is.

        Args:
            what: That needs it, for messages.
            entry: Bytes of one entry, at least.
            entries: How many there are.
            advice: What to do, to follow "at most N entries fit".
            kind: What entries are, plural.
            again: Bytes that the caller keeps and takes again for this.

        Raises:
            MemoryLimitError: It does not fit; says how many entries would.
        """
        needed = entry * entries
        if needed <= SMALL:
            return
        limit = self.memory_limit()
        if limit is not None and needed > limit + again:
            raise self._limit(
                f"{what}: needs at least {needed / 1e9:.3g} GB for {entries} {kind}, wanted at most "
                f"{(limit + again) / 1e9:.3g} GB ({self._share():g} of what is available, HXTORCH_MEMORY_SHARE); "
                f"at most {(limit + again) // entry} {kind} fit: {advice}"
            )

    def _share(self) -> float:
        text = os.environ.get("HXTORCH_MEMORY_SHARE") or str(SHARE)
        try:
            share = float(text)
        except ValueError:
            share = 0.0
        if not 0 < share < float("inf"):
            raise self._argument(f"HXTORCH_MEMORY_SHARE: got {text[:40]!r}, wanted a positive number such as {SHARE}")
        return share


def _available() -> int | None:
    with suppress(OSError, ValueError, IndexError):
        for line in _MEMINFO.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) << 10
    return None


def _left_to_process() -> int | None:
    with suppress(ImportError, OSError, ValueError):  # of a system that has no such limits
        import resource

        most = resource.getrlimit(resource.RLIMIT_AS)[0]
        if most != resource.RLIM_INFINITY:
            return max(0, most - int(_OWN.read_text().split()[0]) * resource.getpagesize())
    return None


def _left_in_group() -> int | None:
    for most, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        with suppress(OSError, ValueError):  # there is no such file, or no limit in it
            return max(0, int((_GROUP / most).read_text()) - int((_GROUP / used).read_text()))
    return None
