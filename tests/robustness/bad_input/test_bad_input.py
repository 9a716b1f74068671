"""Wrong values in every argument of every public callable: refused by a typed error that names them, or legal.

All of them take minutes: a part is tried by default, another one of each room; ``--long`` tries all.
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from bss2_emulator import door as emulator
from hxtorch.core import door as core

JOB = Path(__file__).with_name("job.py")
ROOMS = "emulator", "core", "calibration", "perceptron", "nn", "snn", "functional", "transforms"
PART = 23  # one call of so many


def tried(room, part):
    """Return what came of the calls, and which of them killed or stalled the process."""
    lines, killed, first = [], [], 0
    while True:
        command = [sys.executable, str(JOB), room, str(first), str(part)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=1200, check=False)  # noqa: S603
        found = [json.loads(line) for line in done.stdout.splitlines()]
        lines += [line for line in found if "came" in line]
        if found and "done" in found[-1]:
            return lines, killed
        assert found, done.stderr
        killed.append(found[-1].get("before", "between calls"))
        first = found[-1]["number"] + 1


@pytest.mark.parametrize("room", ROOMS)
def test_wrong_values_are_refused_by_name(room, pytestconfig):
    lines, killed = tried(room, 1 if pytestconfig.getoption("--long") else PART)
    shown = {came: [f"{x['path']}({x['argument']}: {x['kind']}) {x['words']}" for x in lines if x["came"] == came]
             for came in ("raw", "silent", "stalled", "unknown")}  # fmt: skip
    count = Counter(line["came"] for line in lines)
    assert not killed
    assert not any(shown.values()), shown
    named = sum(line["named"] for line in lines if line["came"] == "typed")
    assert count["typed"] > 10
    assert named >= 0.97 * count["typed"]


def test_the_doors_are_one():
    assert Path(emulator.__file__).read_text() == Path(core.__file__).read_text()
