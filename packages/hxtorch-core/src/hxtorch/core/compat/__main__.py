"""Run a script that imports the chip's own software stack: ``python -m hxtorch.core.compat script.py [arguments]``."""

from __future__ import annotations

import argparse
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

from hxtorch.core.compat.finder import installed


def run_script(script: Path, arguments: Sequence[str] = ()) -> None:
    """Run ``script`` as Python itself would: as ``__main__``, with its arguments, beside the modules of its folder."""
    argv, path = sys.argv[:], sys.path[:]
    sys.argv[:] = [str(script), *arguments]
    if not getattr(sys.flags, "safe_path", False):  # else Python adds no folder
        # The first entry is the working directory here, where a plain run has the script's folder.
        sys.path[:1] = [str(script.resolve().parent)]
    try:
        with installed():
            runpy.run_path(str(script), run_name="__main__")
    finally:
        sys.argv[:], sys.path[:] = argv, path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script of the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m hxtorch.core.compat",
        description="Run a script with dlens_vx_v3, pygrenade_vx and their like as names of hxtorch.core.",
    )
    parser.add_argument("script", type=Path, help="Python file")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="arguments of the script")
    options = parser.parse_args(arguments)
    if not options.script.is_file():
        parser.error(f"{options.script}: no such file")
    run_script(options.script, options.arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
