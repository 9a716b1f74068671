"""Run a script, with the modules of the chip's own software as names of hxtorch."""

from __future__ import annotations

import argparse
from pathlib import Path

from hxtorch.core.compat.__main__ import run_script
from hxtorch.core.errors import HXTorchError


class ScriptError(HXTorchError, FileNotFoundError):
    """The command line names a script that is not there, or what is no script."""


def add(parser: argparse.ArgumentParser) -> None:
    """Take the script and its arguments."""
    parser.add_argument("script", type=Path, help="Python file")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, default=[], help="arguments of the script")


def existing(script: Path) -> Path:
    """Return ``script``, or refuse it.

    Raises:
        ScriptError: There is no such file, or it is a notebook.
    """
    if not script.is_file():
        raise ScriptError(f"{script}: no such file" if not script.exists() else f"{script}: is no file")
    if script.suffix == ".ipynb":
        raise ScriptError(
            f"{script}: is a notebook, wanted a script; make one by: jupyter nbconvert --to script {script}"
        )
    return script


def call(options: argparse.Namespace) -> int:
    """Run the script as Python itself would; what it raises passes through."""
    run_script(existing(options.script), options.arguments)
    return 0
