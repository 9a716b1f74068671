"""Wrong values in every argument of every public callable of a room, and how they were refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

JOB = Path(__file__).parents[1] / "bad_input" / "job.py"
ROOMS = "emulator", "core", "calibration", "perceptron", "nn", "snn", "functional", "transforms"


@cache
def tried(part: int, *rooms: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Return what came of one call of ``part``, and which of them killed or stalled the process."""
    lines, killed, first = [], [], 0
    while True:
        command = [sys.executable, str(JOB), str(first), str(part), *rooms]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # calls have limits
        found = [json.loads(line) for line in done.stdout.splitlines()]
        lines += [line for line in found if "came" in line]
        if found and "done" in found[-1]:
            return lines, killed
        assert found, done.stderr
        killed.append(found[-1].get("before", "between calls"))
        first = found[-1]["number"] + 1


def judged(room: str, part: int, *beside: str) -> Counter[str]:
    """Try one call of ``part`` in a room; return what came of them, all of it as it must be."""
    every, killed = tried(part, *(beside or (room,)))
    lines = [line for line in every if line["room"] == room]
    shown = {came: [f"{x['path']}({x['argument']}: {x['kind']}) {x['words']}" for x in lines if x["came"] == came]
             for came in ("raw", "silent", "stalled", "unknown")}  # fmt: skip
    assert not killed, killed
    assert not any(shown.values()), shown
    count = Counter(line["came"] for line in lines)
    named = sum(line["named"] for line in lines if line["came"] == "typed")
    assert named >= 0.97 * count["typed"]
    return count
