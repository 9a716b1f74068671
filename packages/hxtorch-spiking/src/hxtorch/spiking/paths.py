"""Modules of a package as its attributes, as user scripts write them without importing each."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module


def submodules(package: str, *names: str) -> Callable[[str], object]:
    """Return a ``__getattr__`` for ``package`` that imports these modules of it when they are asked for first."""

    def find(name: str) -> object:
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return import_module(f"{package}.{name}")

    return find
