"""Count what the imports of the four packages break: ``python tests/architecture/imports.py`` prints it.

Five laws. No circle between the files of a package, nor between the rooms of a folder: its files and subfolders. No
arrow that points up in the order of rooms below. No import inside a function without a comment that says why. No folder
with more than twelve files, no file with more than 400 lines. Imports under ``TYPE_CHECKING`` are for type checkers and
do not count; ``__main__`` is a command above everything.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import networkx as nx

PACKAGES = Path(__file__).parents[2] / "packages"

# From the bottom up: a room imports rooms that stand before it. A folder's __init__ is the roof of that folder.
ORDER = {
    "bss2_emulator": (
        "_version errors ground arguments memory seam memo facts config results _kernels threads silicon events "
        "neurons synram readout matrix spiking reference chip"
    ),
    "hxtorch.core": (
        "errors arguments files locks memory threads looks constants seam interfaces vocabulary networks routing "
        "backends calibration sessions products compute runs fit viz compat command testing"
    ),
    "hxtorch.perceptron": (
        "errors doors constants unbound _kernels threads recording operands chip mock tracing ops measure tracer nn viz"
    ),
    "hxtorch.spiking": (
        "errors _kernels doors paths threads _memory parameter execution_info transforms datasets network functional "
        "chip modules init lowering experiment backend nir utils viz"
    ),
}


class Import(NamedTuple):
    """One import statement: from which file of which package, of what, and where it stands."""

    source: str
    target: str
    line: int
    inside: bool
    reason: bool


def files() -> dict[str, Path]:
    """Return all Python and Cython files of the packages by module name; a folder's name stands for its __init__."""
    found = {}
    for root in PACKAGES.glob("*/src"):
        for path in sorted([*root.rglob("*.py"), *root.rglob("*.pyx")]):
            name = ".".join(path.relative_to(root).with_suffix("").parts)
            if path.name != "__main__.py":
                found[name.removesuffix(".__init__")] = path
    return found


def is_face(path: Path) -> bool:
    """Tell whether a file only gives what stands elsewhere the path that user scripts know."""
    return path.suffix == ".py" and path.read_text().startswith('"""Path of user scripts')


def imports(name: str, path: Path, known: dict[str, Path]) -> Iterator[Import]:
    """Yield the imports of one file that reach files of this project."""
    text = path.read_text()
    lines = text.splitlines()
    if path.suffix == ".pyx":
        for number, line in enumerate(lines, 1):
            words = line.split()
            if words[:1] == ["from"] and {"import", "cimport"} & set(words) and words[1] in known:
                yield Import(name, words[1], number, line.startswith(" "), True)
        return

    def walk(node: ast.AST, inside: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                skipped = child.orelse if "not" not in ast.unparse(child.test) else child.body
                for other in skipped:
                    yield from walk(ast.Module([other], []), inside)
                continue
            targets = []
            if isinstance(child, ast.Import):
                targets = [alias.name for alias in child.names]
            elif isinstance(child, ast.ImportFrom) and child.module:
                targets = [f"{child.module}.{alias.name}" for alias in child.names]
                targets = [target if target in known else child.module for target in targets]
            around = "".join(lines[max(getattr(child, "lineno", 1) - 2, 0) : getattr(child, "lineno", 1)])
            for target in dict.fromkeys(targets):
                if target in known and target != name:
                    yield Import(name, target, child.lineno, inside, "#" in around)
                elif inside:
                    yield Import(name, "", child.lineno, inside, "#" in around)
            yield from walk(child, inside or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda))

    yield from walk(ast.parse(text), False)


def all_imports() -> list[Import]:
    """Return the imports of all files."""
    known = files()
    return [found for name, path in known.items() for found in imports(name, path, known)]


def circles_of_files(found: list[Import]) -> list[list[str]]:
    """Return groups of files that import each other in circles."""
    graph = nx.DiGraph((i.source, i.target) for i in found if i.target)
    return [sorted(group) for group in nx.strongly_connected_components(graph) if len(group) > 1]


def circles_of_rooms(found: list[Import]) -> list[list[str]]:
    """Return groups of rooms of one folder that import each other in circles."""
    known = files()
    circles = []
    folders = {name for name, path in known.items() if path.name == "__init__.py"}
    for folder in sorted(folders):
        graph = nx.DiGraph()
        depth = folder.count(".") + 1
        for i in found:
            if i.source.startswith(folder + ".") and i.target.startswith(folder + "."):
                one, other = (".".join(end.split(".")[: depth + 1]) for end in (i.source, i.target))
                if one != other:
                    graph.add_edge(one, other)
        circles += [sorted(group) for group in nx.strongly_connected_components(graph) if len(group) > 1]
    return circles


def upward(found: list[Import]) -> list[Import]:
    """Return imports that point up in the order of rooms."""
    wrong, known = [], files()
    faces = {name for name, path in known.items() if is_face(path)}
    for package, text in ORDER.items():
        rank = {room: place for place, room in enumerate(text.split())}
        for i in found:
            if i.source.startswith(package + ".") and i.target.startswith(package + "."):
                one, other = (end.removeprefix(package + ".").split(".")[0] for end in (i.source, i.target))
                if one != other and i.source not in faces and rank.get(one, len(rank)) < rank.get(other, len(rank)):
                    wrong.append(i)
    return wrong


def unexplained(found: list[Import]) -> list[Import]:
    """Return imports inside functions that no comment explains."""
    return [i for i in found if i.inside and not i.reason]


def code(*endings: str) -> Iterator[Path]:
    """Yield the files of code of packages, tests and benchmarks."""
    for root in (*PACKAGES.glob("*/src"), PACKAGES.parent / "tests", PACKAGES.parent / "benchmarks"):
        for ending in endings:
            yield from root.rglob(ending)


def crowded(most: int = 12) -> dict[str, int]:
    """Return folders with more than ``most`` files of code; faces of two lines do not count."""
    counts: dict[str, int] = {}
    for path in code("*.py", "*.pyx", "*.h"):
        if path.name not in ("__init__.py", "conftest.py") and not is_face(path):
            folder = str(path.parent.relative_to(PACKAGES.parent))
            counts[folder] = counts.get(folder, 0) + 1
    return {folder: count for folder, count in sorted(counts.items()) if count > most}


def long(most: int = 400) -> dict[str, int]:
    """Return files with more than ``most`` lines: they hold more than one idea."""
    lengths = {path: path.read_text().count("\n") for path in code("*.py", "*.pyx", "*.pxd", "*.pyi", "*.h")}
    return {str(path.relative_to(PACKAGES.parent)): lines for path, lines in lengths.items() if lines > most}


if __name__ == "__main__":
    everything = all_imports()
    for title, rows in (
        ("circles of files", circles_of_files(everything)),
        ("circles of rooms", circles_of_rooms(everything)),
        ("upward", upward(everything)),
        ("unexplained", unexplained(everything)),
        ("crowded", crowded().items()),
        ("long", long().items()),
    ):
        print(f"{title}: {len(rows)}")
        for row in rows:
            print("  ", f"{row.source}:{row.line} -> {row.target}" if isinstance(row, Import) else row)
