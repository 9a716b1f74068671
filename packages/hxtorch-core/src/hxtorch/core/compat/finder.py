"""Make modules of :mod:`.names` importable, and take them away again."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from hxtorch.core.compat.names import MODULES, children, missing
from hxtorch.core.errors import HXTorchError


class CompatError(HXTorchError, ImportError):
    """A name is imported that core does not have, or a module is loaded from elsewhere already.

    It does not carry the module's name: ``from MODULE import NAME`` would then replace it by a message without advice.
    """


class CompatFinder(MetaPathFinder, Loader):
    """Find and fill the modules; refuse everything else below them.

    Args:
        beside: Whether it finds the folders beside notebooks, or the software.
    """

    def __init__(self, beside: bool) -> None:
        self._modules = {name for name, provided in MODULES.items() if provided.beside is beside}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module of the table. All are packages, so that names that they lack are looked for here."""
        if fullname in self._modules:
            return ModuleSpec(fullname, self, is_package=True)
        parent, _, name = fullname.rpartition(".")
        if parent in self._modules:
            raise CompatError(missing(parent, name))
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Fill a module with its names and import its submodules."""
        provided, below = MODULES[module.__name__], children(module.__name__)

        def __getattr__(name: str) -> Any:  # noqa: N807
            owner = provided.of_frontends.get(name)
            if owner is not None:
                return getattr(import_module(owner), name)
            raise AttributeError(missing(module.__name__, name))

        module.__doc__ = f"Names of ``{module.__name__}`` for types of hxtorch.core."
        vars(module).update(provided.names, __all__=sorted([*provided.names, *below]), __getattr__=__getattr__)
        for child in below.values():
            import_module(child)


_FINDER, _BESIDE = CompatFinder(beside=False), CompatFinder(beside=True)


def install() -> None:
    """Make the modules importable, ahead of others of their names, folders of notebooks behind; harmless if they are.

    Raises:
        CompatError: One of them is loaded from elsewhere already.
    """
    if _FINDER in sys.meta_path:
        return
    for name in MODULES:
        if name in sys.modules and not MODULES[name].beside:
            raise CompatError(f"{name} is imported from elsewhere already; ask for hxtorch.core.compat before that")
    sys.meta_path.insert(0, _FINDER)
    sys.meta_path.append(_BESIDE)


def uninstall() -> None:
    """Undo :func:`install` and forget modules that it made; harmless if nothing is installed."""
    if _FINDER not in sys.meta_path:
        return
    for finder in (_FINDER, _BESIDE):
        sys.meta_path.remove(finder)
    for name, module in [*sys.modules.items()]:
        if name in MODULES and getattr(module.__spec__, "loader", None) in (_FINDER, _BESIDE):
            del sys.modules[name]


@contextmanager
def installed() -> Iterator[None]:
    """Make the modules importable in a ``with`` block, unless they are already, and take away what it added."""
    outer = _FINDER in sys.meta_path
    install()
    try:
        yield
    finally:
        if not outer:
            uninstall()
