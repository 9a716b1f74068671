"""The connection that operations use: one current session per process, explicit ones beside it."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import fields
from typing import TYPE_CHECKING
from weakref import WeakSet

from hxtorch.core import backends
from hxtorch.core.arguments import checked
from hxtorch.core.backends.exchange import failure_of, run_matrix, run_spiking, run_spiking_all
from hxtorch.core.backends.setup import CalibrationPath, HWDBPath, Setup, resolve_setup
from hxtorch.core.errors import (
    CalibrationError,
    CalibrationFormatError,
    ConnectionOpenError,
    HXTorchError,
    NoConnectionError,
)
from hxtorch.core.looks import table
from hxtorch.core.seam.configuration import ChipConfiguration
from hxtorch.core.seam.programs import MatrixProgram, SpikingProgram
from hxtorch.core.seam.results import MatrixResult, SpikingResult

if TYPE_CHECKING:
    from hxtorch.core.interfaces import ChipCalibration, Connection


@checked
class Session:
    """An open chip together with its calibration for matrix products.

    As a context manager it is the current session of the block, and closed after it; entered again inside, after the
    outermost block. Blocks may end in any order. Threads that entered no session use the one that others have entered.
    Threads may share a session: runs wait for each other.

    Attributes:
        connection: The open chip.
        setup: What was asked for.
        lock: Held during a run; hold it to keep other threads off the chip between runs.
    """

    def __init__(
        self,
        connection: Connection,
        setup: Setup,
        *,
        calibrated: bool = True,
        matrix_calibration: ChipCalibration | None = None,
    ) -> None:
        """Own ``connection``.

        Args:
            connection: An open chip.
            setup: What was asked for.
            calibrated: Whether a calibration for matrix products may be looked up.
            matrix_calibration: That calibration, or None to look it up when it is first needed.
        """
        self.connection = connection
        self.setup = setup
        self.lock = threading.RLock()
        self.closed = False
        self._entries = 0
        self._calibrated = calibrated
        self._matrix_calibration = matrix_calibration
        self._matrix_configuration: ChipConfiguration | None = None
        _sessions.add(self)

    def _rows(self) -> list[tuple[str, str]]:
        return [
            ("serial", self.setup.serial),
            ("backend", self.setup.backend),
            ("fidelity", self.setup.fidelity),
            ("seed", str(self.setup.seed)),
            ("state", "closed" if self.closed else "open"),
        ]

    def __repr__(self) -> str:
        return f"Session({', '.join(f'{name} {value}' for name, value in self._rows())})"

    def _repr_html_(self) -> str:
        return table("Session", ("setting", "value"), self._rows())

    def __enter__(self) -> Session:
        self._open_connection()
        global _all_entries
        with _slot_lock:
            self._entries += 1
            _all_entries += 1
        _entered.set((*_entered.get(), self))
        return self

    def __exit__(self, *_: object) -> None:
        global _all_entries
        here = _entered.get()
        last = max((place for place, session in enumerate(here) if session is self), default=None)
        if last is not None:  # else the block ends in another context than it began in
            _entered.set(here[:last] + here[last + 1 :])
        with _slot_lock:
            if not self._entries:  # it was left more often than entered
                return
            self._entries -= 1
            _all_entries -= 1
            over = self._entries == 0
        if over:
            self.close()

    @property
    def matrix_calibration(self) -> ChipCalibration:
        """The calibration for matrix products: the setup's file, else the one stored for this chip, else a new one.

        Raises:
            CalibrationError: The session was opened without calibration.
            CalibrationFormatError: The setup's file is no hagen calibration of this chip.
        """
        with self.lock:
            if self._matrix_calibration is None:
                self._matrix_calibration = self._find_matrix_calibration()
            return self._matrix_calibration

    @property
    def matrix_configuration(self) -> ChipConfiguration:
        """All registers for matrix products: the defaults with :attr:`matrix_calibration` applied."""
        with self.lock:
            if self._matrix_configuration is None:
                self._matrix_configuration = self.matrix_calibration.apply(ChipConfiguration())
            return self._matrix_configuration

    def run_spiking(self, program: SpikingProgram) -> SpikingResult:
        """Run a spiking program; other threads wait.

        Raises:
            NoConnectionError: The session is closed.
            TransportError: The way to the chip failed each time that it was tried.
            BackendError: The backend failed, or returned what can not be a result.
        """
        with self.lock:
            return run_spiking(self._open_connection(), program)

    def run_spiking_all(self, programs: Sequence[SpikingProgram]) -> list[SpikingResult]:
        """Run programs as one after the other, at once where the chip can. Raises as :meth:`run_spiking`."""
        with self.lock:
            return run_spiking_all(self._open_connection(), programs)

    def run_matrix(self, program: MatrixProgram) -> MatrixResult:
        """Run a matrix program; other threads wait. Raises as :meth:`run_spiking`."""
        with self.lock:
            return run_matrix(self._open_connection(), program)

    def look_up_calibrations(self) -> None:
        """Allow this session to look up calibrations if it was opened without them."""
        self._calibrated = True

    def close(self) -> None:
        """Release the chip; closing twice is harmless.

        Raises:
            BackendError: The backend failed to; the session is closed nevertheless.
        """
        with self.lock:
            if not self.closed:
                self.closed = True
                try:
                    self.connection.close()
                except HXTorchError:
                    raise
                except Exception as error:
                    raise failure_of(self.connection, "to close", error) from error

    def _open_connection(self) -> Connection:
        if self.closed:
            raise NoConnectionError("this session is closed; open another one, for instance by hxtorch.init_hardware()")
        return self.connection

    def _find_matrix_calibration(self) -> ChipCalibration:
        connection = self._open_connection()
        if not self._calibrated:
            raise CalibrationError(
                "no calibration was asked for by init_hardware_minimal(); call init_hardware() instead"
            )
        from hxtorch.core import calibration  # slow to import, and many sessions need none

        if self.setup.hagen_calibration is not None:
            loaded = calibration.load(self.setup.hagen_calibration)
            loaded.require_chip(connection)
            if loaded.kind != "hagen":
                raise CalibrationFormatError(
                    f"{self.setup.hagen_calibration}: got a calibration of kind {loaded.kind!r}, wanted 'hagen'"
                )
            return loaded
        return calibration.for_target(connection, calibration.HagenCalibTarget())


_slot_lock = threading.RLock()
_sessions: WeakSet[Session] = WeakSet()
_all_entries = 0  # of all sessions in all threads


def _renew_locks() -> None:
    """Free what threads held that a forked child does not have: nobody there would ever let go."""
    global _slot_lock
    _slot_lock = threading.RLock()
    for session in _sessions:
        session.lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_locks)
_current: Session | None = None
_entered: ContextVar[tuple[Session, ...]] = ContextVar("hxtorch_sessions", default=())


@checked
def open_session(
    hwdb_path: HWDBPath | None = None,
    *,
    backend: str | None = None,
    serial: str | None = None,
    fidelity: str | None = None,
    seed: int | None = None,
    imperfections: Mapping[str, bool] | None = None,
    hagen_calibration: str | None = None,
    sheet: str | None = None,
    temperature: float | None = None,
) -> Session:
    """Open a session beside the current one; any number may be open.

    Args:
        hwdb_path: Hardware database, or None.
        backend: Name of the backend; this and all that follow are fields of
            :class:`~hxtorch.core.backends.setup.Setup`, and None leaves them to environment, database and defaults.
        serial: Names the chip.
        fidelity: ``ideal``, ``calibrated`` or ``full``.
        seed: Of the noise, at least 0.
        imperfections: Which to switch off (False) or on (True), by name.
        hagen_calibration: File with the calibration for matrix products.
        sheet: CSV file with parameters of an emulated chip's silicon.
        temperature: Of an emulated chip, degrees Celsius.

    Returns:
        The session; close it or use it in a ``with`` statement, where it is the current one.

    Raises:
        BackendError: The backend is unknown or cannot open the chip.
    """
    setup = resolve_setup(
        hwdb_path,
        backend=backend,
        serial=serial,
        fidelity=fidelity,
        seed=seed,
        imperfections=imperfections,
        hagen_calibration=hagen_calibration,
        sheet=sheet,
        temperature=temperature,
    )
    return Session(backends.connect(setup), setup)


@checked
def init_hardware(
    hwdb_path: HWDBPath | CalibrationPath | None = None, ann: bool = False, *, spiking: bool = True
) -> None:
    """Open the chip that all operations use from now on.

    Args:
        hwdb_path: Hardware database, or the file of the calibration for matrix products.
        ann: Look up the calibration for matrix products now; else it is looked up when first needed.
        spiking: The older spelling: False is ``ann=True``.

    Raises:
        ConnectionOpenError: Another chip is open; the same one is kept.
        BackendError: The backend is unknown or cannot open the chip.
    """
    if isinstance(hwdb_path, CalibrationPath):
        setup = resolve_setup(hagen_calibration=str(hwdb_path.value))
    else:
        setup = resolve_setup(hwdb_path)
    session = _open_current(setup, calibrated=True)
    if ann or not spiking or isinstance(hwdb_path, CalibrationPath):
        try:
            _ = session.matrix_calibration
        except BaseException:
            release_hardware()
            raise


def init_hardware_minimal() -> None:
    """Open the default chip without looking up any calibration.

    Raises:
        ConnectionOpenError: Another chip is open; the same one is kept.
        BackendError: The backend is unknown or cannot open the chip.
    """
    _open_current(resolve_setup(), calibrated=False)


def release_hardware() -> None:
    """Close the chip that :func:`init_hardware` opened; harmless if none is open."""
    global _current
    with _slot_lock:
        session, _current = _current, None
    if session is not None:
        session.close()


def current_session() -> Session:
    """Return the session of the enclosing ``with`` statement, else the one that :func:`init_hardware` opened.

    A thread that stands in no such statement itself, one of a pool say, takes part in that of the others: it never gets
    another chip than the code that handed it work without a word.

    Raises:
        NoConnectionError: None is open, or other threads have entered several and this one none.
    """
    here = [session for session in _entered.get() if session._entries]  # what was left in another thread stays there
    session = here[-1] if here else _entered_elsewhere() or _current
    if session is None or session.closed:
        raise NoConnectionError("no chip is connected; call hxtorch.init_hardware() first")
    return session


def _entered_elsewhere() -> Session | None:
    """Return the session that other threads have entered, if any.

    Raises:
        NoConnectionError: They have entered several.
    """
    if not _all_entries:
        return None
    with _slot_lock:
        found = [session for session in _sessions if session._entries and not session.closed]
    if len(found) > 1:
        chips = ", ".join(sorted(repr(session.connection.identifier) for session in found))
        raise NoConnectionError(
            f"this thread has entered no session while others have entered {len(found)} ({chips}); hand it the one "
            "that it shall use and enter it there: with session: ..."
        )
    return found[0] if found else None


@checked
def get_unique_identifier(hwdb_path: HWDBPath | None = None) -> list[str]:
    """Return the serials of the connected chips, or of the chips that a database would open.

    Args:
        hwdb_path: Database to look up instead of asking the open connection.

    Returns:
        One for each chip; a connection has one chip.

    Raises:
        NoConnectionError: No chip is connected and no database is given.
        BackendError: The database cannot be read or lacks the setup.
    """
    if hwdb_path is not None:
        return [resolve_setup(hwdb_path).serial]
    return [current_session().connection.identifier]


def _open_current(setup: Setup, *, calibrated: bool) -> Session:
    """Fill the slot, or keep the open session if it has the same setup."""
    global _current
    with _slot_lock:
        if _current is None or _current.closed:
            _current = Session(backends.connect(setup), setup, calibrated=calibrated)
        elif _current.setup != setup:
            differences = ", ".join(
                f"{name} {getattr(setup, name)!r} instead of {getattr(_current.setup, name)!r}"
                for name in (field.name for field in fields(Setup))
                if getattr(setup, name) != getattr(_current.setup, name)
            )
            raise ConnectionOpenError(
                f"got another setup ({differences}) while {_current.connection.identifier!r} is open; "
                "call hxtorch.release_hardware() first"
            )
        elif calibrated:
            _current.look_up_calibrations()
        return _current
