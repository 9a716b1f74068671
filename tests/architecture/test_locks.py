"""What no package may use, since a forked child would wait for it."""

import ast
from pathlib import Path

PACKAGES = Path(__file__).parents[2] / "packages"


def test_no_property_has_the_lock_of_functools():
    """Its lock is one for all objects up to Python 3.11, and a child that is forked meanwhile waits for it."""
    files = sorted(PACKAGES.glob("*/src/**/*.py"))
    assert len(files) > 100
    users = [
        str(path)
        for path in files
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (
            isinstance(node, ast.ImportFrom)
            and node.module == "functools"
            and "cached_property" in {n.name for n in node.names}
        )
        or (isinstance(node, ast.Attribute) and node.attr == "cached_property")
    ]
    assert users == []
