"""Helpers that notebooks for the chip import from a folder beside them, ``_static.common.helpers``."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from hxtorch.core.arguments import checked
from hxtorch.core.sessions.calibration_files import nightly_calib_path, nightly_calix_native_path


def setup_hardware_client() -> None:
    """Do nothing: an emulated chip is in this process, and other backends connect by themselves."""


@checked
def save_nightly_calibration(
    filename: str | os.PathLike[str] = "spiking_cocolist.pbin", source: str | os.PathLike[str] | None = None
) -> None:
    """Write a calibration of the connected chip, or of the default one, to a file for ``load_calib``.

    Args:
        filename: What to write; what comes before ``_cocolist.pbin`` or ``_calix-native.pkl`` is the name of the
            calibration, ``spiking`` or another that :func:`~hxtorch.core.nightly_calib_path` knows.
        source: Calibration to copy instead, as a file.

    Raises:
        CalibrationTargetError: There is no calibration of that name.
        NoConnectionError: No chip is connected, and none ships for the default one.
        OSError: A file can not be read or written.
    """
    if source is None:
        name, _, kind = Path(filename).name.partition("_")
        source = (nightly_calix_native_path if kind.startswith("calix") else nightly_calib_path)(name)
    shutil.copyfile(source, filename)
