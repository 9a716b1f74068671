"""Get the calibration of the connected chip for a target: shipped, cached, computed or measured."""

from __future__ import annotations

import logging
import os
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
from hxtorch.core.locks import locked

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
    result is cached. Several processes that ask for the same one calibrate once, where the cache has file locks. Users
    may share a cache: who can not write there reads it, and calibrates what is not in it.

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
    if not _cached(connection, target, options)[1]:
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
) -> tuple[Calibration, bool]:
    """Return the cached calibration, measured and stored first if need be, and whether it could be stored."""
    path = cached_path(connection.describe(), target, folder)
    found = _usable(path, connection, target)
    if found is not None:
        return found, True
    with suppress(OSError):  # without the folder there is no lock, and the result is not kept
        path.parent.mkdir(parents=True, exist_ok=True)
    with locked(f"{path}.lock"):
        found = _usable(path, connection, target)  # another process may have made it meanwhile
        if found is not None:
            return found, True
        why = "the one that is kept does not fit" if os.path.exists(path) else "none is kept"
        begun = time.monotonic()
        found = calibrate(connection, target, options)
        seconds = time.monotonic() - begun
        _LOG.info("calibrated %r for %s, as %s: %.1f s, %s", found.serial, summary(target), why, seconds, path)
        try:
            save(found, path)
        except OSError as error:
            _LOG.warning("calibration cache %s can not be used (%s): the result is not kept", path.parent, error)
            return found, False
    _forget_oldest(path.parent)
    return found, True


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
        with suppress(OSError):
            made.append((path.stat().st_mtime_ns, path))
    for _, path in sorted(made)[:-_KEPT]:
        with suppress(OSError):  # another user's
            path.unlink(missing_ok=True)
            Path(f"{path}.lock").unlink(missing_ok=True)


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
