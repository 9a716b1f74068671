"""Count the instructions of five fixed cases by callgrind and compare with ``counts.json``.

``python benchmarks/instructions/count.py`` exits with 1 if a case needs more than 3 % more than is stored, ``--store``
stores what it counts. A count is that of N steps less that of none, per step, in a process of its own with one thread,
a fixed hash seed, an empty cache and no garbage collector; setting up and the first steps run uncounted.

Counts hold for one Python, NumPy, torch, compiler and valgrind: with others there is nothing to compare with, and the
command says so. valgrind hides AVX-512, so what is counted is the AVX2 path; the wider ones want interleaved times.
Two counts of the same tree differ by about 0.1 %.
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from cases import CASES

HERE = Path(__file__).parent
STORED = HERE / "counts.json"
ALLOWED = 1.03

CLIENT = """
#include <valgrind/callgrind.h>
void begin(void) { CALLGRIND_START_INSTRUMENTATION; }
void end(void) { CALLGRIND_STOP_INSTRUMENTATION; CALLGRIND_DUMP_STATS; }
"""
"""Instrumentation begins where counting does: setting up takes seconds, and would take minutes instrumented."""

INSTALL = (
    "instruction counts need valgrind, its header valgrind/callgrind.h and a C compiler: install them, on Debian and "
    "Ubuntu by `apt-get install valgrind gcc`, on Fedora by `dnf install valgrind valgrind-devel gcc`"
)


def first_line(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[0]  # noqa: S603


def surroundings() -> dict[str, str]:
    """Return what counts depend on beside this tree."""
    if not (shutil.which("valgrind") and shutil.which("cc")):
        raise SystemExit(INSTALL)
    return {
        "machine": platform.machine(),
        "python": f"{platform.python_version()}, {platform.python_compiler()}",
        "numpy": version("numpy"),
        "torch": version("torch").split("+")[0],
        "compiler": first_line("cc", "--version"),
        "valgrind": first_line("valgrind", "--version"),
    }


def compile_client(folder: Path) -> Path:
    library = folder / "client.so"
    command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), "-x", "c", "-"]
    built = subprocess.run(command, check=False, input=CLIENT, capture_output=True, text=True)  # noqa: S603
    if built.returncode:
        raise SystemExit(f"{INSTALL}\n{built.stderr}")
    return library


def count(name: str, client: Path, folder: Path) -> int:
    """Return the instructions of one step; callgrind's files stay in ``folder``."""
    kept = {key: os.environ[key] for key in ("PATH", "LD_LIBRARY_PATH") if key in os.environ}
    fixed = {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "HXTORCH_CACHE_DIR": str(folder / "cache")}
    out = folder / f"{re.sub(r'[^a-z]+', '_', name)}.out"
    run = [sys.executable, str(HERE / "counted.py"), name]
    valgrind = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}"]
    for command in (run, [*valgrind, *run, str(client)]):
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=kept | fixed)  # noqa: S603
        if done.returncode:
            raise SystemExit(f"{name}: {' '.join(command)} failed\n{done.stderr}")
    none, all_steps = (int(re.search(r"^totals: (\d+)", Path(f"{out}.{k}").read_text(), re.M)[1]) for k in (1, 2))
    return round((all_steps - none) / CASES[name].steps)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"default: all, which are {', '.join(CASES)}")
    parser.add_argument("--store", action="store_true", help="store what is counted instead of comparing")
    parser.add_argument("--keep", type=Path, help="an empty folder for callgrind's files, for callgrind_annotate")
    arguments = parser.parse_args()
    names = arguments.cases or list(CASES)
    if unknown := sorted(set(names) - set(CASES)):
        parser.error(f"got {', '.join(unknown)}, wanted some of: {', '.join(CASES)}")
    found, stored = surroundings(), json.loads(STORED.read_text()) if STORED.exists() else {}
    if not arguments.store and found != stored.get("surroundings"):
        print(f"the counts in {STORED} are those of {stored.get('surroundings')}, here is {found}: take the Python")
        print("and the versions of constraints.txt, or store the counts of a tree that you trust by --store")
        return 1
    counts = stored.get("counts", {}) if found == stored.get("surroundings") else {}
    failed = False
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.keep or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        client = compile_client(folder)
        for name in names:
            now, before = count(name, client, folder), counts.get(name)
            line = f"{name}: {now / 1e6:.2f} million instructions a step"
            if arguments.store:
                counts[name] = now
            elif before is None:
                failed, line = True, f"{line}, none stored"
            else:
                more = now > ALLOWED * before
                failed |= more
                line = f"{line}, {now / before:.4f} x stored{', wanted at most 1.03' * more}"
            print(line, flush=True)
    if arguments.store:
        kept = {name: counts[name] for name in CASES if name in counts}
        STORED.write_text(json.dumps({"surroundings": found, "counts": kept}, indent=2) + "\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
