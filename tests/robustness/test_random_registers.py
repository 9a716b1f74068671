"""Any legal registers make a legal run: no crash, times inside the run and in order, numbers in range.

Runs are made in child processes, so that a crash is a failure that names its seed. ``HXTORCH_ROBUSTNESS_RUNS=10000`` is
a long run, ``HXTORCH_ROBUSTNESS_SEED`` asks for other seeds; ``tools/sanitize.py`` does the same with sanitizers.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

RUNS = int(os.environ.get("HXTORCH_ROBUSTNESS_RUNS", "24"))
FIRST = int(os.environ.get("HXTORCH_ROBUSTNESS_SEED", "0"))
BATCH = 12  # runs of a child


@pytest.mark.parametrize("first", range(FIRST, FIRST + RUNS, BATCH))
def test_legal_registers_make_a_legal_run(first):
    last = min(first + BATCH, FIRST + RUNS)
    command = [sys.executable, str(Path(__file__).parent / "registers.py"), str(first), str(last)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)  # noqa: S603
    begun = done.stdout.split()
    seed = begun[-1] if begun else "none"
    assert done.returncode == 0, f"seed {seed}, exit status {done.returncode}: {done.stderr[-2000:]}"
    assert len(begun) == last - first
