"""Module names of the chip's own software stack for scripts that import them, only when asked.

Run a script with them by ``python -m hxtorch.core.compat script.py [arguments]``, or ask in a program::

    from hxtorch.core import compat

    with compat.installed():
        from dlens_vx_v3 import halco

or for all that follows, as in a notebook, by the line ``import hxtorch.compat``.

The names stand for the types of :mod:`hxtorch.core` and take the arguments that those take; :mod:`.names` lists them.
Any other name raises :class:`CompatError` where it is imported and :class:`AttributeError` where it is looked up; both
say which names there are.
"""

from hxtorch.core.compat.connection import ManagedConnection
from hxtorch.core.compat.finder import CompatError, install, installed, uninstall

__all__ = ["CompatError", "ManagedConnection", "install", "installed", "uninstall"]


def __dir__() -> list[str]:
    return sorted(__all__)
