"""Calibrations under the file names that scripts for the real chip ask for.

There, a calibration is a list of registers in a portable binary, ``KIND_cocolist.pbin``, or a pickle of the
calibration's own types, ``KIND_calix-native.pkl``. Here both hold the same: what
:func:`~hxtorch.core.calibration.save` writes. Readers look at the content, never at the name; a pickle is refused.

Source:
    chip facts 7.3 (names).
"""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path

from hxtorch.core.arguments import checked
from hxtorch.core.calibration.provider import path_for_target
from hxtorch.core.calibration.stored.paths import cache_directory, shipped_path
from hxtorch.core.calibration.stored.result import Calibration
from hxtorch.core.calibration.stored.store import load, loads
from hxtorch.core.calibration.targets import preset
from hxtorch.core.errors import NoConnectionError
from hxtorch.core.files import write_whole
from hxtorch.core.interfaces import Connection
from hxtorch.core.sessions.session import current_session
from hxtorch.core.vocabulary.chip import Chip

_LOG = logging.getLogger("hxtorch.core.calibration")


@checked
def nightly_calib_path(name: str = "spiking", connection: Connection | None = None) -> str:
    """Return the file ``NAME_cocolist.pbin`` of a calibration of the connected chip; it is made if there is none yet.

    Args:
        name: ``spiking``, ``spiking2``, ``hagen`` or ``hagen_synin``.
        connection: The chip, or None for the current session's; without a session, the default chip's shipped file.

    Raises:
        CalibrationTargetError: There is no calibration of that name.
        NoConnectionError: No chip is connected and none of that serial ships.
        OSError: The calibration has to be made, and the cache can not be written.
    """
    return str(_named(name, connection, "cocolist.pbin"))


@checked
def nightly_calix_native_path(name: str = "spiking", connection: Connection | None = None) -> str:
    """Return the file ``NAME_calix-native.pkl``; the rest as for :func:`nightly_calib_path`."""
    return str(_named(name, connection, "calix-native.pkl"))


@checked
def calib_from_calix_native(path: str | os.PathLike[str]) -> Calibration:
    """Read a calibration.

    Raises:
        CalibrationNotFoundError: There is no such file.
        CalibrationFormatError: It is no calibration; a pickle is refused with the reason.
    """
    return load(path)


@checked
def chip_from_file(path: str | os.PathLike[str]) -> Chip:
    """Return a chip's registers as a stored calibration sets them, all others at their defaults.

    Raises:
        CalibrationNotFoundError: There is no such file.
        CalibrationFormatError: It is no calibration; a pickle is refused with the reason.
    """
    return load(path).to_chip()


@checked
def chip_from_portable_binary(data: bytes | bytearray | memoryview) -> Chip:
    """Return a chip's registers as :func:`chip_from_file` does, from the content of the file.

    Raises:
        CalibrationFormatError: It is no calibration; a pickle is refused with the reason.
    """
    return loads(data).to_chip()


def _named(name: str, connection: Connection | None, suffix: str) -> Path:
    """Return a copy of a calibration's file under the name that scripts know."""
    target = preset(name)
    source: Path | None = None
    if connection is None:
        try:
            connection = current_session().connection
        except NoConnectionError:
            if os.environ.get("HXTORCH_FIDELITY", "full") == "full":
                source = shipped_path(os.environ.get("HXTORCH_CHIP") or "emulated-1", name)
            if source is None:
                raise
    if connection is not None:
        source = path_for_target(connection, target)
    assert source is not None  # noqa: S101 - one of both branches found it
    content = source.read_bytes()
    path = cache_directory() / "nightly" / hashlib.sha256(content).hexdigest()[:24] / f"{name}_{suffix}"
    try:
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content)
    except OSError as error:
        _LOG.warning("%s can not be written (%s): taking %s instead; set HXTORCH_CACHE_DIR", path, error, source)
        return source
    return path
