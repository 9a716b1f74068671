"""Find and open backends by entry point.

A backend is a function ``connect(setup: Setup) -> Connection`` that a distribution registers in its metadata::

    [project.entry-points."hxtorch.backends"]
    mychip = "mypackage.backend:connect"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hxtorch.core.errors import BackendError, HXTorchError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from hxtorch.core.backends.setup import Setup
    from hxtorch.core.interfaces import Connection

GROUP = "hxtorch.backends"


def available() -> dict[str, EntryPoint]:
    """Return the installed backends by name; none is imported."""
    from importlib.metadata import entry_points  # slow to import, and needed only here

    return {entry_point.name: entry_point for entry_point in entry_points(group=GROUP)}


def connect(setup: Setup) -> Connection:
    """Open the chip of ``setup``.

    Raises:
        BackendError: The backend is unknown, cannot be imported, or cannot open the chip.
    """
    known = available()
    if setup.backend not in known:
        raise BackendError(
            f"unknown backend {setup.backend!r}; installed: {', '.join(sorted(known)) or 'none'}. "
            f"A package provides one by an entry point of the group {GROUP!r}"
        )
    try:
        open_chip = known[setup.backend].load()
    except ImportError as error:
        raise BackendError(f"backend {setup.backend!r} cannot be imported: {error}") from error
    try:
        connection: Connection = open_chip(setup)
    except HXTorchError:
        raise
    except Exception as error:
        raise BackendError(f"backend {setup.backend!r} cannot open {setup.serial!r}: {error}") from error
    return connection
