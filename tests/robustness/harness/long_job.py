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

Try = Callable[[int], str]


def sealed(kind: str, folder: Path) -> Try:
    import damaged_files

    return damaged_files.sealed(kind, folder)


def database(folder: Path) -> Try:
    import damaged_files

    return damaged_files.database(folder)


def sheet(folder: Path) -> Try:
    import damaged_files

    return damaged_files.sheet(folder)


def images(packed: bool, folder: Path) -> Try:
    import damaged_files

    return damaged_files.idx(folder, packed)


def graph(folder: Path) -> Try:
    import damaged_graphs

    return damaged_graphs.attempt


def kill(folder: Path) -> Try:
    import writers

    return partial(writers.kill, folder)


CASES: dict[str, Callable[[Path], Try]] = {
    **{kind: partial(sealed, kind) for kind in ("checkpoint", "calibration", "sequence")},
    "database": database,
    "sheet": sheet,
    "images": partial(images, False),
    "packed images": partial(images, True),
    "graph": graph,
    "kill": kill,
}
"""Parts of cases that do not know of each other; one imports what it needs."""


def cases(part: str, first: int, last: int) -> dict[str, float]:
    """Try cases, in a folder in memory where there is one; writers are killed while a disk takes its time."""
    memory = Path("/dev/shm")  # noqa: S108  # only looked for; the folder in it is new
    quick = memory.is_dir() and part != "kill"
    count: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(dir=memory if quick else None) as folder:
        attempt = CASES[part](Path(folder))
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
