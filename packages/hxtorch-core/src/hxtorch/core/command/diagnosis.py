"""What a script names, and what becomes of it here: found in its syntax tree, which is never run."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from hxtorch.core.command.arguments import misfits
from hxtorch.core.command.guards import ALL, guarded
from hxtorch.core.compat.names import MODULES, existing, missing

OURS = ("hxtorch", "_hxtorch_core", "_hxtorch_spiking", "_hxtorch_perceptron")
# What differs on the emulated chip, by the name that shows it; docs/deviations.md has the reasons.
NAMES = {
    "plasticity_rule": "the rule is kept, but a run on the chip with one raises: there are no plasticity processors",
    "plasticity_rules": "is always empty: there are no plasticity processors",
    "integration_step_code": "the text names the terms of the step; other text is refused, as it would be executed",
    "CuBaStepCode": "its text names the terms of the step; other text is refused, as it would be executed",
}
SUFFIXES = {
    ".pkl": "the name is taken, but a pickle is refused: calibrate anew with hxtorch calibrate",
    ".pickle": "the name is taken, but a pickle is refused: calibrate anew with hxtorch calibrate",
    ".pbin": "the name is taken, but the content is a calibration of this project: make one with hxtorch calibrate",
}
# Software of the chip that has no counterpart of its name here; packages of an index with these names are others.
ELSEWHERE = {
    "calix": "calix, the chip's library of calibrations, is hxtorch.core.calibration here: docs/howto/calibrate.md",
}
NOTEBOOK = "get_ipython is there in notebooks only: take the line out, or start the script by: ipython"
IMPORTS = ("ImportError", "ModuleNotFoundError")


@dataclass(frozen=True, order=True)
class Finding:
    """What is said about a line.

    Attributes:
        line: Its number.
        kind: ``runs``, ``differs`` or ``missing``.
        text: What, and what to do.
    """

    line: int
    kind: str
    text: str


def diagnose(tree: ast.Module, folder: Path) -> list[Finding]:
    """Return what can be said of a script, in the order of its lines.

    Args:
        tree: The script.
        folder: Where it lies; modules beside it are its own.
    """
    found, names = set[Finding](), defaultdict[str, set[str]](set)  # names of the script for modules of ours
    guards = guarded(tree)
    adds_folders = any(isinstance(node, ast.Attribute) and _dotted(node) == "sys.path" for node in ast.walk(tree))

    def say(node: ast.AST, error: str, findings: Iterable[tuple[str, str]]) -> None:
        """Take findings at a line that fails with an exception of the name ``error`` where something is missing."""
        caught = guards.get(node, frozenset()) & {error, *ALL, *(("ImportError",) if error in IMPORTS else ())}
        for kind, text in findings:
            if kind == "missing" and caught:
                kind, text = "differs", f"{text}; the script expects that"
            found.add(Finding(node.lineno, kind, text))  # type: ignore[attr-defined]

    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                say(node, "ModuleNotFoundError", [_module(alias.name, folder, adds_folders)])
                top = alias.name.partition(".")[0]
                names[alias.asname or top].add(alias.name if alias.asname else top)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            kind, text = _module(node.module, folder, adds_folders)
            say(node, "ModuleNotFoundError", [(kind, text)])
            for alias in node.names:
                names[alias.asname or alias.name].add(f"{node.module}.{alias.name}")
                if kind != "missing":
                    say(node, "ImportError", _name(node.module, alias.name))
    bound = set(_bound(tree))
    # What a name stands for, unless the script takes it for something else as well, in a function of its own, say.
    known = {name: next(iter(of)) for name, of in names.items() if len(of) == 1 and name not in bound}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (module := _known(node.value, known)):
            say(node, "AttributeError", _name(module, node.attr))
        elif isinstance(node, ast.Call) and (name := _known(node.func, known)):
            say(node, "TypeError", [(kind, f"{name} {text}") for kind, text in misfits(_object(name), node)])
        elif isinstance(node, ast.Name) and node.id == "get_ipython" and node.id not in bound | set(names):
            say(node, "NameError", [("missing", NOTEBOOK)])
        found |= set(_deviations(node))
    return sorted(found)


def _bound(tree: ast.Module) -> Iterator[str]:
    """Find names that a script gives to what is not imported; None stands for what is not there."""
    nothing = {
        target
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and node.value.value is None
        for target in node.targets
    }
    for node in ast.walk(tree):
        if node in nothing:
            continue
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg


def _known(node: ast.expr, names: dict[str, str]) -> str | None:
    """Return the full name of what an expression names, where it comes from an import."""
    head, dot, rest = (_dotted(node) or "").partition(".")
    return f"{names[head]}{dot}{rest}" if head in names else None


def _module(name: str, folder: Path, adds_folders: bool) -> tuple[str, str]:
    """Say what becomes of the import of a module."""
    top = name.partition(".")[0]
    is_beside = (folder / top).is_dir() or (folder / f"{top}.py").is_file()
    if is_beside and (top not in MODULES or MODULES[top].beside):
        return "runs", name
    if name in MODULES:
        return "runs", f"{name} is given by hxtorch.core.compat; start the script by: hxtorch run"
    if any(known.partition(".")[0] == top for known in MODULES):
        parent, _, last = name.rpartition(".")
        return "missing", missing(parent, last) if parent in MODULES else f"{name} is not known to hxtorch.core.compat"
    if top in OURS:
        try:
            import_module(name)
        except ImportError as error:
            return "missing", str(error)
        return "runs", name
    if _installed(top):
        return "runs", name
    if adds_folders and top not in ELSEWHERE:
        return "differs", f"{top} is not installed; it may lie in a folder that the script adds to sys.path"
    return "missing", ELSEWHERE.get(top, f"{top} is not installed: pip install the package that has it")


def _installed(top: str) -> bool:
    try:
        return find_spec(top) is not None
    except (ImportError, ValueError):
        return False


def _name(module: str, name: str) -> Iterator[tuple[str, str]]:
    """Look for a name in a module of ours, or of the chip's own software; other modules are not asked."""
    if name == "*":
        return
    if module in MODULES:
        if name not in existing(module):
            yield "missing", missing(module, name)
    elif module.partition(".")[0] in OURS:
        place = _loaded(module)
        if place is not None and not hasattr(place, name) and _loaded(f"{module}.{name}") is None:
            close = get_close_matches(name, dir(place), n=1)
            yield "missing", f"{module} has no {name!r}" + (f"; nearest is {close[0]!r}" if close else "")


def _object(name: str) -> object:
    """Return what a full name of ours, or of the chip's own software, stands for, or None."""
    module, _, last = name.rpartition(".")
    if module in MODULES:
        return MODULES[module].names.get(last)
    place = _loaded(module) if module.partition(".")[0] in OURS else None
    return None if place is None else getattr(place, last, None)


def _loaded(module: str) -> ModuleType | None:
    try:
        return import_module(module)
    except (ImportError, AttributeError):
        return None


def _dotted(node: ast.expr) -> str | None:
    """Return ``a.b.c`` of an expression, or None where it is something else."""
    if isinstance(node, ast.Attribute):
        head = _dotted(node.value)
        return f"{head}.{node.attr}" if head else None
    return node.id if isinstance(node, ast.Name) else None


def _deviations(node: ast.AST) -> Iterator[Finding]:
    """Find what differs on the emulated chip."""
    if isinstance(node, ast.keyword) and node.arg in NAMES:
        if not (isinstance(node.value, ast.Constant) and node.value.value is None):
            yield Finding(node.value.lineno, "differs", f"{node.arg}: {NAMES[node.arg]}")
    elif isinstance(node, ast.keyword) and node.arg == "mock":
        if isinstance(node.value, ast.Constant) and node.value.value is True:
            yield Finding(node.value.lineno, "runs", "mock=True: plain numerics, without a chip")
    elif isinstance(node, ast.Attribute | ast.Name):
        name = node.attr if isinstance(node, ast.Attribute) else node.id
        if name in NAMES:
            yield Finding(node.lineno, "differs", f"{name}: {NAMES[name]}")
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        for suffix, text in SUFFIXES.items():
            if node.value.endswith(suffix) and "\n" not in node.value:
                yield Finding(node.lineno, "differs", f"{node.value}: {text}")
