"""``hxcomm.ManagedConnection``: a chip that is open for the time of a ``with`` statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hxtorch.core.backends.setup import HWDBPath
from hxtorch.core.errors import NoConnectionError
from hxtorch.core.sessions.session import Session, open_session

if TYPE_CHECKING:
    from hxtorch.core.interfaces import Connection


class ManagedConnection:
    """Open the chip of environment or database on entry, close it on exit; it is the current session in between."""

    def __init__(self, hwdb_path: HWDBPath | None = None) -> None:
        """Open what ``hwdb_path`` says, or without it what the environment or the built-in default says."""
        self._hwdb_path = hwdb_path
        self._session: Session | None = None

    def __enter__(self) -> OpenConnection:
        if self._session is not None:
            raise NoConnectionError("this connection is entered already; make another ManagedConnection")
        session = open_session(self._hwdb_path)
        session.__enter__()
        self._session = session
        return OpenConnection(session.connection)

    def __exit__(self, *error: object) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.__exit__(*error)


class OpenConnection:
    """A :class:`~hxtorch.core.interfaces.Connection` that tells its chip by ``get_unique_identifier``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get_unique_identifier(self) -> list[str]:
        """Return the serials of the chips behind this connection, of which there is one."""
        return [self._connection.identifier]

    def __getattr__(self, name: str) -> Any:
        """Give everything else that the connection has, as ``describe`` or ``spiking``."""
        return getattr(self._connection, name)
