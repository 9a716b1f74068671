"""Run a script up to its first run of a chip, and say there what its network takes of the chip."""

from __future__ import annotations

import argparse
import subprocess
import sys

from hxtorch.core.command import run


def add(parser: argparse.ArgumentParser) -> None:
    """Take the script and its arguments."""
    run.add(parser)


def call(options: argparse.Namespace) -> int:
    """Run the script in a fresh process, which leaves this one as it is; return 1 where a network does not fit."""
    command = [sys.executable, "-m", "hxtorch.core.command.first_run", str(run.existing(options.script))]
    return subprocess.run([*command, *options.arguments], check=False).returncode  # noqa: S603
