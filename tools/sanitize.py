"""Run parts of the harness on kernels built with sanitizers; needs GCC on Linux, cython and setuptools.

``python tools/sanitize.py memory 200 FIRST`` tries random legal registers (``tests/robustness/registers.py``) of 200
seeds, from FIRST or 0 on, under the sanitizers of addresses and undefined behaviour, on all processors; it needs numpy
beside.
``python tools/sanitize.py races`` runs all kinds of runs on four threads, alone and from four threads of Python at once
(``tests/robustness/threads_job.py``), under the thread sanitizer; it needs the packages and what they need.
Builds stay in ``outputs``, where the next one compiles what has changed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HARNESS = ROOT / "tests" / "robustness"
MADE = shutil.ignore_patterns("build", "dist", "*.egg-info", "__pycache__", "*.so", "*.pyd", "*.c")
KERNELS = "bss2-emulator", "hxtorch-perceptron", "hxtorch-spiking"
KINDS = "spiking in the loop", "spiking in mock mode", "perceptron on the chip", "perceptron in mock mode"
# The copies go in front of what is installed; PYTHONPATH would not do in an editable environment.
RUN = """
import os, runpy, sys
sys.path[:0] = sys.argv.pop(1).split(os.pathsep)
sys.argv.pop(0)
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def library(name: str) -> str:
    """Return where the compiler has a library of a sanitizer."""
    asked = [*os.environ.get("CC", "gcc").split(), f"-print-file-name={name}"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603


def build(packages: tuple[str, ...], sanitizer: str) -> str:
    """Build copies of packages; return the folders of their modules as a search path."""
    folder = ROOT / "outputs" / f"sanitize-{sanitizer}"
    for name in packages:
        shutil.copytree(ROOT / "packages" / name, folder / name, ignore=MADE, dirs_exist_ok=True)
        setting = {**os.environ, f"{name.replace('-', '_').upper()}_SANITIZE": sanitizer}
        command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
        subprocess.run(command, cwd=folder / name, env=setting, check=True)  # noqa: S603
    return os.pathsep.join(str(folder / name / "src") for name in packages)


def memory(runs: int, first: int) -> int:
    """Return the exit status of random registers, shared between the processors; a seed that fails is named."""
    modules = build(KERNELS[:1], "memory")
    setting = {**os.environ, "LD_PRELOAD": library("libasan.so"), "ASAN_OPTIONS": "detect_leaks=0"}
    command = [sys.executable, "-c", RUN, modules, str(HARNESS / "registers.py")]
    last = first + runs
    share = max(1, -(-runs // len(os.sched_getaffinity(0))))
    ranges = [(str(seed), str(min(seed + share, last))) for seed in range(first, last, share)]
    children = [subprocess.Popen([*command, *each], env=setting, stdout=subprocess.PIPE) for each in ranges]  # noqa: S603
    status = 0
    try:
        for child in children:
            begun = child.communicate()[0].split()
            if child.returncode:
                print(
                    f"seed {begun[-1].decode() if begun else 'none'}: exit status {child.returncode}", file=sys.stderr
                )
                status = 1
    finally:
        for child in children:
            child.kill()
    return status


def races() -> int:
    """Return the exit status of runs on several threads.

    The C library's own bookkeeping of threads does not count, nor how OpenMP's threads are handed a loop: its library
    is built without the sanitizer, which so does not see that they wait for it. What they do in the loop counts.
    """
    modules = build(KERNELS, "thread")
    with tempfile.NamedTemporaryFile("w") as known:
        known.write("race:_dl_deallocate_tls\nrace_top:pool_member\n")
        known.flush()
        setting = {**os.environ, "LD_PRELOAD": library("libtsan.so"), "TSAN_OPTIONS": f"suppressions={known.name}"}
        # addresses that are not drawn: the sanitizer can not live with all that Linux gives
        command = ["setarch", "--addr-no-randomize", sys.executable, "-c", RUN, modules]
        command += [str(HARNESS / "threads_job.py"), "threads", "emulator", *KINDS]
        return subprocess.run(command, env=setting, check=False).returncode  # noqa: S603


def main(kind: str, runs: int = 200, first: int = 0) -> int:
    """Build, run, and return the exit status of the harness."""
    return races() if kind == "races" else memory(runs, first)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *map(int, sys.argv[2:])))
