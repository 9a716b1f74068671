"""Where calibrations lie: in the package for the default chip, in the user's cache for all others."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from platformdirs import user_cache_path

from hxtorch.core.calibration.targets import CalibTarget

SHIPPED = Path(__file__).parent / "data"


def core_version() -> str:
    """Return the version of hxtorch-core."""
    try:
        return version("hxtorch-core")
    except PackageNotFoundError:
        return "unknown"


def cache_directory() -> Path:
    """Return the folder of cached calibrations: ``HXTORCH_CACHE_DIR`` or the platform's cache of the user.

    A user without a home, as in containers, has one among temporary files.
    """
    root = os.environ.get("HXTORCH_CACHE_DIR")
    if root:
        with suppress(RuntimeError):  # nobody knows where ~ is
            return Path(root).expanduser() / "calibration"
        return Path(root) / "calibration"
    try:
        path = user_cache_path("hxtorch")
    except RuntimeError:  # nobody knows where ~ is; older versions of platformdirs leave it as it is
        path = Path("~")
    if not path.is_absolute():
        path = Path(tempfile.gettempdir()) / f"hxtorch-{os.getuid()}"
    return path / "calibration"


def cached_path(description: dict[str, str], target: CalibTarget, folder: Path | None = None) -> Path:
    """Return where the calibration of a chip for ``target`` is cached, whether or not it is there.

    Args:
        description: What :meth:`~hxtorch.core.interfaces.Connection.describe` says. All of it counts, and the
            version of hxtorch: another one may emulate another silicon or calibrate in another way.
        target: What was asked for.
        folder: Root of the cache, or None for :func:`cache_directory`.
    """
    chip = hashlib.sha256(repr((core_version(), sorted(description.items()))).encode()).hexdigest()[:12]
    readable = re.sub(r"[^A-Za-z0-9_.-]", "_", description.get("serial", ""))[:40].lstrip(".")
    return (folder or cache_directory()) / f"{readable}-{chip}" / f"{target.kind}-{target.digest()[:24]}.safetensors"


def shipped_path(serial: str, name: str) -> Path | None:
    """Return the file of preset ``name`` that ships for chip ``serial``, or None."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", serial):
        return None
    path = SHIPPED / serial / f"{name}.safetensors"
    return path if path.is_file() else None
