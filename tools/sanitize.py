"""Run the harness of random registers on kernels built with sanitizers: ``python tools/sanitize.py 200``.

Builds a copy of ``bss2-emulator`` with ``BSS2_EMULATOR_SANITIZE=1``, on which it runs ``tests/robustness/registers.py``
for so many seeds, from 0 or a second number on. Needs GCC on Linux, and numpy, cython and setuptools where it runs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HARNESS = ROOT / "tests" / "robustness" / "registers.py"
MADE = shutil.ignore_patterns("build", "dist", "*.egg-info", "__pycache__", "*.so", "*.pyd", "*.c")
# The copy goes in front of what is installed; PYTHONPATH would not do in an editable environment.
RUN = """
import runpy, sys
sys.path.insert(0, sys.argv.pop(1))
sys.argv.pop(0)
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def library(name: str) -> str:
    """Return where the compiler has a library of a sanitizer."""
    asked = [*os.environ.get("CC", "gcc").split(), f"-print-file-name={name}"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603


def main(runs: int, first: int) -> int:
    """Build, run, and return the exit status of the harness."""
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder, "bss2-emulator")
        shutil.copytree(ROOT / "packages" / "bss2-emulator", package, ignore=MADE)
        setting = {**os.environ, "BSS2_EMULATOR_SANITIZE": "1"}
        build = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
        subprocess.run(build, cwd=package, env=setting, check=True)  # noqa: S603
        setting |= {"LD_PRELOAD": library("libasan.so"), "ASAN_OPTIONS": "detect_leaks=0", "OMP_WAIT_POLICY": "passive"}
        command = [sys.executable, "-c", RUN, str(package / "src"), str(HARNESS), str(first), str(first + runs)]
        return subprocess.run(command, env=setting, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200, int(sys.argv[2]) if len(sys.argv) > 2 else 0))
