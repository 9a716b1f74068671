"""Where stored calibrations are."""

from __future__ import annotations

from hxtorch.core import calibration


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
