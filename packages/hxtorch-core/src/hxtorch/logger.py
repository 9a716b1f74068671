"""The face of ``pylogging`` over standard logging: get, set_loglevel, default_config, reset, LogLevel.

Loggers are the standard ones, so handlers and levels set through :mod:`logging` hold too.
"""

from __future__ import annotations

import logging
import sys
from enum import IntEnum
from typing import Any

__all__ = [
    "LogLevel",
    "Logger",
    "append_to_cout",
    "append_to_file",
    "default_config",
    "get",
    "get_root",
    "reset",
    "set_loglevel",
]

_ISO8601, _CLOCK = "%Y-%m-%d %H:%M:%S", "%H:%M:%S"
# Names of date formats that scripts use, in any case, and what shows such a time.
_TIMES = {
    "NULL": ("", None),
    "RELATIVE": ("%(relativeCreated)d ", None),
    "ABSOLUTE": ("%(asctime)s,%(msecs)03d ", _CLOCK),
    "DATE": ("%(asctime)s,%(msecs)03d ", "%d %b %Y %H:%M:%S"),
    "ISO8601": ("%(asctime)s,%(msecs)03d ", _ISO8601),
}


class LogLevel(IntEnum):
    """Levels from the noisiest to the quietest."""

    TRACE = 5
    DEBUG = logging.DEBUG
    INFO = logging.INFO
    WARN = logging.WARNING
    ERROR = logging.ERROR
    FATAL = logging.CRITICAL
    OFF = logging.CRITICAL + 10


class Logger:
    """Named logger with a method for each level, in capitals; arguments are joined as ``print`` joins them."""

    def __init__(self, logger: logging.Logger) -> None:
        self.logger = logger

    @property
    def name(self) -> str:
        return self.logger.name

    def _log(self, level: LogLevel, parts: tuple[object, ...]) -> None:
        if self.logger.isEnabledFor(level):
            self.logger.log(level, "%s", " ".join(map(str, parts)), stacklevel=3)

    def TRACE(self, *parts: object) -> None:  # noqa: N802
        self._log(LogLevel.TRACE, parts)

    def DEBUG(self, *parts: object) -> None:  # noqa: N802
        self._log(LogLevel.DEBUG, parts)

    def INFO(self, *parts: object) -> None:  # noqa: N802
        self._log(LogLevel.INFO, parts)

    def WARN(self, *parts: object) -> None:  # noqa: N802
        self._log(LogLevel.WARN, parts)

    def ERROR(self, *parts: object) -> None:  # noqa: N802
        self._log(LogLevel.ERROR, parts)

    def FATAL(self, *parts: object) -> None:  # noqa: N802
        self._log(LogLevel.FATAL, parts)

    def __getattr__(self, name: str) -> Any:
        """Give everything else that the standard logger has, as ``info`` or ``setLevel``."""
        return getattr(self.logger, name)


def get(name: str = "hxtorch") -> Logger:
    """Return the logger ``name``; equal names give the same standard logger underneath."""
    return Logger(logging.getLogger(name))


def get_root() -> Logger:
    """Return the logger above all others."""
    return Logger(logging.getLogger())


def set_loglevel(logger: Logger | logging.Logger | str, level: int) -> None:
    """Let ``logger`` pass messages of at least ``level``, a :class:`LogLevel` or a level of :mod:`logging`."""
    if isinstance(logger, str):
        logger = get(logger)
    (logger.logger if isinstance(logger, Logger) else logger).setLevel(level)


def default_config(
    level: int = LogLevel.WARN,
    fname: str = "",
    print_location: bool = False,
    color: bool = False,
    date_format: str | None = None,
) -> None:
    """Send messages of all loggers to standard error, or to a file.

    Args:
        level: Least level that is shown.
        fname: File to append to instead of standard error, or empty.
        print_location: Add file and line of the caller.
        color: Accepted for old scripts; output carries no colour.
        date_format: ``strftime`` format of the time stamp; or ``ISO8601``, ``ABSOLUTE`` (time of the day), ``DATE``,
            ``RELATIVE`` (ms since the start) or ``NULL`` (none), in any case. None is ISO8601.
    """
    del color
    reset()
    root = logging.getLogger()
    handler: logging.Handler = logging.FileHandler(fname) if fname else logging.StreamHandler(sys.stderr)
    _add(handler, root, print_location, date_format)
    root.setLevel(level)


def append_to_file(fname: str, logger: Logger | logging.Logger | None = None) -> None:
    """Send messages of a logger, or of all, to a file too."""
    _add(logging.FileHandler(fname), logger)


def append_to_cout(logger: Logger | logging.Logger | None = None) -> None:
    """Send messages of a logger, or of all, to standard output too."""
    _add(logging.StreamHandler(sys.stdout), logger)


def _add(
    handler: logging.Handler,
    logger: Logger | logging.Logger | None,
    print_location: bool = False,
    date_format: str | None = None,
) -> None:
    where = " (%(filename)s:%(lineno)d)" if print_location else ""
    stamp, date = _TIMES.get((date_format or "ISO8601").upper(), ("%(asctime)s,%(msecs)03d ", date_format))
    handler.setFormatter(logging.Formatter(f"%(levelname)-5s {stamp}%(name)s %(message)s{where}", date))
    target = logger.logger if isinstance(logger, Logger) else logger or logging.getLogger()
    target.addHandler(handler)
    _handlers.append((target, handler))


_handlers: list[tuple[logging.Logger, logging.Handler]] = []


def reset() -> None:
    """Remove what :func:`default_config`, :func:`append_to_file` and :func:`append_to_cout` set up."""
    while _handlers:
        target, handler = _handlers.pop()
        target.removeHandler(handler)
        handler.close()
        logging.getLogger().setLevel(logging.WARNING)


for _level in LogLevel:
    if logging.getLevelName(_level.value).startswith("Level "):
        logging.addLevelName(_level.value, _level.name)


def __dir__() -> list[str]:
    return sorted(__all__)
