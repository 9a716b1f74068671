"""One line for notebooks and scripts: ``import hxtorch.compat`` makes the chip's own software stack importable.

See :mod:`hxtorch.core.compat`, which does it only when asked.
"""

from hxtorch.core.compat import CompatError, ManagedConnection, install, installed, uninstall

__all__ = ["CompatError", "ManagedConnection", "install", "installed", "uninstall"]

install()


def __dir__() -> list[str]:
    return sorted(__all__)
