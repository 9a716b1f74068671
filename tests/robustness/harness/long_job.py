"""Cases FIRST to LAST - 1 of a part of the long run: ``long_job.py PART FIRST LAST`` prints what came of them, counted.

A case that fails is named. ``tools/reliability.py`` runs all parts.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path


def attempt_of(part: str, folder: Path) -> Callable[[int], str]:
    """Return what tries a case of a part whose cases do not know of each other; only what it needs is imported."""
    if part == "graph":
        from damaged_graphs import attempt

        return attempt
    if part == "kill":
        from writers import kill

        return partial(kill, folder)
    import damaged_files

    if part.endswith("images"):
        return damaged_files.idx(folder, packed=part.startswith("packed"))
    if part in ("database", "sheet"):
        return damaged_files.database(folder) if part == "database" else damaged_files.sheet(folder)
    return damaged_files.sealed(part, folder)


def cases(part: str, first: int, last: int) -> dict[str, float]:
    """Try cases, in a folder in memory where there is one; writers are killed while a disk takes its time."""
    memory = Path("/dev/shm")  # noqa: S108  # only looked for; the folder in it is new
    quick = memory.is_dir() and part != "kill"
    count: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(dir=memory if quick else None) as folder:
        attempt = attempt_of(part, Path(folder))
        for number in range(first, last):
            try:
                count[attempt(number)] += 1
            except BaseException as error:  # noqa: PERF203  # the case is named
                raise SystemExit(f"{part}, case {number}: {type(error).__name__}: {error}") from error
    return dict(count)


def figures(part: str, first: int, last: int) -> dict[str, float]:
    """Run a part; return its figures by name."""
    if part == "soak":
        from soak_runs import soak

        return soak(last - first)
    if part.startswith("wrong values, "):
        from wrong_values import judged

        return dict(judged(part.removeprefix("wrong values, "), 1))
    return cases(part, first, last)


if __name__ == "__main__":
    print(json.dumps(figures(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
