"""Read a script, without running it, and say line by line what runs, what differs and what is missing."""

from __future__ import annotations

import argparse
import ast
from pathlib import Path

from hxtorch.core.command import run
from hxtorch.core.command.diagnosis import Finding, diagnose
from hxtorch.core.command.run import ScriptError


def add(parser: argparse.ArgumentParser) -> None:
    """Take the script."""
    parser.add_argument("script", type=Path, help="Python file")


def call(options: argparse.Namespace) -> int:
    """Print a line for each finding, and a sum; return 1 where something is missing."""
    text = run.existing(options.script).read_bytes()
    try:
        tree = ast.parse(text, str(options.script))
    except SyntaxError as error:
        where = f"{options.script}:{error.lineno}" if error.lineno else options.script
        raise ScriptError(f"{where}: no Python of this version: {error.msg}") from error
    except ValueError as error:  # of text with null bytes, in older versions
        raise ScriptError(f"{options.script}: no Python of this version: {error}") from error
    findings = diagnose(tree, options.script.parent)
    for finding in findings:
        print(f"{options.script}:{finding.line}: {finding.kind}: {finding.text}")
    print(_sum(findings))
    return int(any(finding.kind == "missing" for finding in findings))


def _sum(findings: list[Finding]) -> str:
    counts = {kind: sum(finding.kind == kind for finding in findings) for kind in ("runs", "differs", "missing")}
    said = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    return f"{said}; imports, names and arguments were looked at, values and shapes only show in a run"
