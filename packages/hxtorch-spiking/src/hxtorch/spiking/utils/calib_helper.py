"""Where stored calibrations are, and the registers in them."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any, Generic, TypeVar

from hxtorch import core
from hxtorch.core import Chip, ChipConfiguration, calibration
from hxtorch.core.calibration import Calibration, CalibTarget

__all__ = [
    "ByChip",
    "calib_from_calix_native",
    "chip_from_file",
    "chip_from_portable_binary",
    "nightly_calib_path",
    "nightly_calix_native_path",
    "target_from_calix_native",
]

_Kind = TypeVar("_Kind")


class ByChip(dict[str, _Kind], Generic[_Kind]):
    """Something of each chip by its serial, as today's scripts read it.

    Of a single chip it has the attributes too, as older scripts read them.
    """

    def __getattr__(self, name: str) -> Any:
        if len(self) != 1:
            raise AttributeError(f"of {len(self)} chips there is no one {name!r}; take one by its serial")
        return getattr(next(iter(self.values())), name)


def nightly_calib_path(name: str = "spiking") -> Path:
    """Return the file of a stored calibration of the connected chip; it is made if there is none yet.

    Args:
        name: ``spiking`` (leak 80, reset 70, threshold 125, time constants 10 us) or ``spiking2`` (leak and reset 80,
            threshold 150, time constants 6 us, bias current 1000).

    Raises:
        CalibrationTargetError: There is no calibration of that name.
        NoConnectionError: No chip is connected, and none ships for the default one.
    """
    return Path(core.nightly_calib_path(name))


def nightly_calix_native_path(name: str = "spiking") -> Path:
    """Return the same calibration under the name that pickles have there; see :func:`nightly_calib_path`."""
    return Path(core.nightly_calix_native_path(name))


def calib_from_calix_native(path: str | PathLike[str]) -> ByChip[Calibration]:
    """Read a calibration.

    Args:
        path: File as ``hxtorch.core.calibration.save`` writes it; pickles, which this was once for, are refused.

    Returns:
        The calibration by the serial of its chip.

    Raises:
        CalibrationNotFoundError: There is no such file.
        CalibrationFormatError: It is no calibration.
    """
    found = calibration.load(path)
    return ByChip({found.serial: found})


def target_from_calix_native(path: str | PathLike[str]) -> ByChip[CalibTarget]:
    """Read what a calibration was asked for; arguments and errors are those of :func:`calib_from_calix_native`.

    Returns:
        The target by the serial of the chip.
    """
    found = calibration.load(path)
    return ByChip({found.serial: found.target})


def chip_from_file(path: str | PathLike[str]) -> ByChip[Chip]:
    """Return a chip's registers as a stored calibration sets them, all others at their defaults.

    Args:
        path: File of a calibration; its content decides, not its suffix.

    Returns:
        The registers by the serial of the chip.

    Raises:
        CalibrationNotFoundError: There is no such file.
        CalibrationFormatError: It is no calibration.
    """
    return _chip(calibration.load(path))


def chip_from_portable_binary(data: bytes) -> ByChip[Chip]:
    """Return a chip's registers as :func:`chip_from_file` does, from the content of the file.

    Raises:
        CalibrationFormatError: It is no calibration.
    """
    return _chip(calibration.loads(data))


def _chip(found: Calibration) -> ByChip[Chip]:
    return ByChip({found.serial: Chip(found.apply(ChipConfiguration()))})


def __dir__() -> list[str]:
    return sorted(__all__)
