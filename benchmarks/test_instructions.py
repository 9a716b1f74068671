"""Instructions of five fixed cases against those that are stored, counted by callgrind: at most 3 % more."""

import subprocess
import sys
from pathlib import Path

COUNT = Path(__file__).parent / "instructions" / "count.py"


def test_no_case_needs_more_instructions_than_stored(note):
    done = subprocess.run([sys.executable, str(COUNT)], check=False, capture_output=True, text=True)  # noqa: S603
    for line in done.stdout.splitlines():
        note(line)
    assert done.returncode == 0, done.stdout + done.stderr
