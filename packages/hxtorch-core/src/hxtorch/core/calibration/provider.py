"""Get the calibration of the connected chip for a target: shipped, cached, computed or measured."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

from hxtorch.core.arguments import checked
from hxtorch.core.calibration.bench.procedure import CalibrationOptions
from hxtorch.core.calibration.calibrate import measure, nominal_calibration
from hxtorch.core.calibration.check import still_holds
from hxtorch.core.calibration.stored.paths import cached_path, shipped_path
from hxtorch.core.calibration.stored.result import Calibration, fidelity_of
from hxtorch.core.calibration.stored.store import load, save
from hxtorch.core.calibration.targets import PRESETS, CalibTarget, preset
from hxtorch.core.errors import CalibrationFormatError, CalibrationNotFoundError
from hxtorch.core.interfaces import Connection

_LOG = logging.getLogger("hxtorch.core.calibration")
_KEPT = 256  # cached calibrations of a chip, 60 kB each: training a calibrated parameter makes one a step
_UNMEASURED = ("ideal", "calibrated")  # fidelities on which nominal codes are right


@checked
def calibrate(connection: Connection, target: CalibTarget, options: CalibrationOptions | None = None) -> Calibration:
    """Find register codes that bring a chip to a target, by measuring through its registers, spikes and ADCs.

    Programs are self-contained, so an interrupt (``KeyboardInterrupt``) at any time leaves the connection usable.

    Args:
        connection: An open chip.
        target: One of the targets of this package.
        options: How to calibrate.

    Returns:
        Codes, what they reach, and a mask of the neurons that did.

    Raises:
        CalibrationError: Not a single neuron reached the target.
    """
    return measure(connection, target, options, for_target)


@checked
def for_target(
    connection: Connection,
    target: CalibTarget,
    options: CalibrationOptions | None = None,
    folder: Path | None = None,
) -> Calibration:
    """Return the calibration of a chip for ``target``, measuring only if there is none yet.

    Looked for in this order: nominal codes if the chip is emulated without mismatch or as calibrated; the file that
    ships for this serial; the cache (``HXTORCH_CACHE_DIR``); else the chip is calibrated, with a progress bar, and the
    result is cached. Several processes that ask for the same one calibrate once.

    Args:
        connection: An open chip.
        target: What to reach.
        options: How to calibrate, if it comes to that.
        folder: Root of the cache, or None for the user's.

    Raises:
        CalibrationError: It came to that, and not a single neuron reached the target.
    """
    if connection.describe().get("fidelity") in _UNMEASURED:
        return nominal_calibration(connection, target)
    shipped = _shipped(connection, target)
    found = _usable(shipped, connection, target) if shipped else None
    return found or _cached(connection, target, options, folder)[0]


@checked
def path_for_target(connection: Connection, target: CalibTarget, options: CalibrationOptions | None = None) -> Path:
    """Return a file with what :func:`for_target` returns; it is made if there is none yet.

    Raises:
        OSError: The cache can not be written.
    """
    shipped = _shipped(connection, target)
    if shipped is not None and _usable(shipped, connection, target) is not None:
        return shipped
    path = cached_path(connection.describe(), target)
    if connection.describe().get("fidelity") in _UNMEASURED:
        path.parent.mkdir(parents=True, exist_ok=True)
        return save(nominal_calibration(connection, target), path)
    _cached(connection, target, options)
    if not path.is_file():
        raise CalibrationNotFoundError(f"{path}: can not be written; set HXTORCH_CACHE_DIR to a folder that can")
    return path


def _shipped(connection: Connection, target: CalibTarget) -> Path | None:
    """Return the shipped file for this chip and target, or None."""
    if fidelity_of(connection) != "full":
        return None
    name = next((name for name in PRESETS if preset(name) == target), None)
    return shipped_path(connection.identifier, name) if name else None


def _cached(
    connection: Connection, target: CalibTarget, options: CalibrationOptions | None, folder: Path | None = None
) -> tuple[Calibration, Path]:
    """Return the cached calibration, measured and stored first if need be, and where it lies or would lie."""
    path = cached_path(connection.describe(), target, folder)
    found = _usable(path, connection, target)
    if found is not None:
        return found, path
    from filelock import FileLock  # slow to import, needed only here

    lock = FileLock(f"{path}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        _warn_of_cache(path, error)
    try:
        found = _usable(path, connection, target)  # another process may have made it meanwhile
        if found is None:
            why = "the one that is kept does not fit" if path.is_file() else "none is kept"
            begun = time.monotonic()
            found = calibrate(connection, target, options)
            seconds = time.monotonic() - begun
            _LOG.info("calibrated %r for %s, as %s: %.1f s, %s", found.serial, summary(target), why, seconds, path)
            if lock.is_locked:
                try:
                    save(found, path)
                    _forget_oldest(path.parent)
                except OSError as error:
                    _warn_of_cache(path, error)
    finally:
        lock.release()
    return found, path


def summary(target: CalibTarget) -> str:
    """Return the kind of a target and the fields in which it differs from the defaults of its kind."""
    usual, changed = type(target)().values(), []
    for name, value in target.values().items():
        if not np.array_equal(value, usual[name], equal_nan=True):
            mean = f"{np.nanmean(value):g}" if np.isfinite(value).any() else "none"
            changed.append(f"{name}={mean}" + " on average" * bool(np.ptp(value) > 0))
    return f"{target.kind} ({', '.join(changed) or 'defaults'})"


def _forget_oldest(folder: Path) -> None:
    """Keep the newest calibrations of a chip; another process may be at it, too."""
    made = []
    for path in folder.glob("*.safetensors"):
        with suppress(FileNotFoundError):
            made.append((path.stat().st_mtime_ns, path))
    for _, path in sorted(made)[:-_KEPT]:
        path.unlink(missing_ok=True)
        Path(f"{path}.lock").unlink(missing_ok=True)


def _warn_of_cache(path: Path, error: OSError) -> None:
    _LOG.warning("calibration cache %s can not be used (%s): calibrating without storing", path.parent, error)


def _usable(path: Path, connection: Connection, target: CalibTarget) -> Calibration | None:
    """Return the calibration at ``path`` if it is one for this target and a look at the chip agrees."""
    try:
        found = load(path)
        found.require_chip(connection)
    except OSError:  # not there, or not to be read
        return None
    except CalibrationFormatError as error:
        _LOG.warning("calibration %s can not be used and is made again: %s", path, error)
        return None
    if found.target != target:
        return None
    if not still_holds(connection, found):
        _LOG.warning("calibration %s does not fit this chip any more and is made again", path)
        return None
    return found
