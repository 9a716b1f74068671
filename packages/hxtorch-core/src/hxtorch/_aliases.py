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
    """Resolve an alias and everything below it to the module it stands for."""

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
        """Take over names below an alias; leave all others to the finders behind."""
        return None if self._target(fullname) is None else ModuleSpec(fullname, self)

    def exec_module(self, module: ModuleType) -> None:
        """Put the real module where the import system looks for the alias."""
        name = module.__name__
        real = self._target(name) or name
        sys.modules[name] = import_module(real)
        # Submodules that are there already: importing them would bind their names in the package again, where a
        # function may stand under the name of its module.
        for loaded in [known for known in list(sys.modules) if known.startswith(real + ".")]:
            sys.modules.setdefault(name + loaded[len(real) :], sys.modules[loaded])


class FrontendMissingError(ModuleNotFoundError):
    """A frontend is asked for whose distribution is not installed.

    It does not carry the module's name: ``from hxtorch import NAME`` would then replace it by a message without advice.
    """


class MissingFinder(MetaPathFinder):
    """Say what to install where no finder before this one knows a frontend."""

    def __init__(self, distributions: Mapping[str, str]) -> None:
        self._distributions = dict(distributions)

    def find_spec(self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> None:
        """Refuse a missing frontend by name; pass on everything else."""
        if fullname in self._distributions:
            distribution = self._distributions[fullname]
            raise FrontendMissingError(
                f"{fullname} is provided by {distribution!r}, which is not installed: "
                f"pip install packages/{distribution} in a checkout of this project"
            )


def install(aliases: Mapping[str, str], distributions: Mapping[str, str]) -> None:
    """Install the aliases ahead of the path finder, which would load a second copy, and the advice behind it."""
    sys.meta_path.insert(0, AliasFinder(aliases))
    sys.meta_path.append(MissingFinder(distributions))
