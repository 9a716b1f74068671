"""Serve ``hxtorch.snn`` and ``hxtorch.ann`` as the frontends' historical names.

An alias is the *same* module object as its target, at every depth, so classes
keep one identity no matter which spelling imported them.
"""

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class AliasFinder(MetaPathFinder, Loader):
    def __init__(self, aliases: Mapping[str, str]) -> None:
        self._aliases = dict(aliases)

    def _target(self, fullname: str) -> str | None:
        for alias, real in self._aliases.items():
            if fullname == alias or fullname.startswith(alias + "."):
                return real + fullname[len(alias) :]
        return None

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return None if self._target(fullname) is None else ModuleSpec(fullname, self)

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__
        sys.modules[name] = import_module(self._target(name) or name)


def install(aliases: Mapping[str, str]) -> None:
    """Install ahead of the path finder, which would load a second copy."""
    sys.meta_path.insert(0, AliasFinder(aliases))
