"""Run one case once without and once with its steps, and let callgrind count both: what ``count.py`` starts.

``counted.py CASE`` runs the case as it is, which finds errors and fills the cache of calibrations; ``counted.py CASE
CLIENT``, under valgrind, calls ``begin`` and ``end`` of that shared library around each of the two runs.
"""

import ctypes
import gc
import sys

from cases import CASES


def main(name: str, client: str | None = None) -> None:
    case, callgrind = CASES[name], None if client is None else ctypes.CDLL(client)
    with case.work() as step:
        for _ in range(case.warmup):
            step()
        # when the collector runs depends on all that was allocated before, imports included
        gc.collect()
        gc.disable()
        for steps in (0, case.steps):
            if callgrind is not None:
                callgrind.begin()
            for _ in range(steps):
                step()
            if callgrind is not None:
                callgrind.end()


if __name__ == "__main__":
    main(*sys.argv[1:])
