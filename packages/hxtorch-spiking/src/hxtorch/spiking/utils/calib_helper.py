"""Where stored calibrations are, and the registers in them."""

from __future__ import annotations

from os import PathLike

from hxtorch.core import Chip, ChipConfiguration, calibration
from hxtorch.core.calibration import Calibration


def nightly_calib_path(name: str = "spiking") -> str:
    """Return the file of a stored calibration of the connected chip; it is made if there is none yet.

    Args:
        name: ``spiking`` (leak 80, reset 70, threshold 125, time constants 10 us) or ``spiking2`` (leak and reset 80,
            threshold 150, time constants 6 us, bias current 1000).

    Raises:
        CalibrationTargetError: There is no calibration of that name.
        NoConnectionError: No chip is connected, and none ships for the default one.
    """
    return calibration.nightly_calib_path(name)


def nightly_calix_native_path(name: str = "spiking") -> str:
    """Return the same calibration under the name that pickles have there; see :func:`nightly_calib_path`."""
    return calibration.nightly_calix_native_path(name)


def calib_from_calix_native(path: str | PathLike[str]) -> Calibration:
    """Read a calibration.

    Args:
        path: File as ``hxtorch.core.calibration.save`` writes it; pickles, which this was once for, are refused.

    Raises:
        CalibrationNotFoundError: There is no such file.
        CalibrationFormatError: It is no calibration.
    """
    return calibration.load(path)


def chip_from_file(path: str | PathLike[str]) -> Chip:
    """Return a chip's registers as a stored calibration sets them, all others at their defaults.

    Args:
        path: File of a calibration; its content decides, not its suffix.

    Raises:
        CalibrationNotFoundError: There is no such file.
        CalibrationFormatError: It is no calibration.
    """
    return Chip(calibration.load(path).apply(ChipConfiguration()))


def chip_from_portable_binary(data: bytes) -> Chip:
    """Return a chip's registers as :func:`chip_from_file` does, from the content of the file.

    Raises:
        CalibrationFormatError: It is no calibration.
    """
    return Chip(calibration.loads(data).apply(ChipConfiguration()))
