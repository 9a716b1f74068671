"""Calibrate a chip: choose the procedure for a target, show its progress, sign its result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol

import numpy as np

from hxtorch.core.calibration.nominal import nominal_registers
from hxtorch.core.calibration.result import Calibration
from hxtorch.core.calibration.targets import CalibTarget
from hxtorch.core.interfaces import Connection


@dataclass(frozen=True)
class CalibrationOptions:
    """How to calibrate.

    Attributes:
        progress: Show a progress bar; None shows it on a terminal only.
    """

    progress: bool | None = None


class Calibrator(Protocol):
    """Finds register codes by measuring."""

    def calibrate(self, connection: Connection, target: Any, options: CalibrationOptions | None = None) -> Calibration:
        """Return register codes that bring the chip behind ``connection`` to ``target``."""
        ...


class Progress:
    """A progress bar that counts the stages of a calibration and names the current one."""

    def __init__(self, bar: Any) -> None:
        self._bar = bar

    def stage(self, name: str) -> None:
        """Begin the next stage."""
        self._bar.set_postfix_str(name, refresh=False)
        self._bar.update()


@contextmanager
def progress_bar(options: CalibrationOptions | None, title: str, stages: int) -> Iterator[Progress]:
    """Show a bar of ``stages`` stages while the block runs; it is closed on errors and interrupts too."""
    from tqdm import tqdm  # type: ignore[import-untyped, unused-ignore]

    shown = CalibrationOptions() if options is None else options
    disable = None if shown.progress is None else not shown.progress
    with tqdm(total=stages, desc=title, disable=disable, leave=False, unit="stage") as bar:
        yield Progress(bar)


def calibrate(connection: Connection, target: CalibTarget, options: CalibrationOptions | None = None) -> Calibration:
    """Find register codes that bring a chip to a target, by measuring through its registers, spikes and ADCs.

    Programs are self-contained, so an interrupt (``KeyboardInterrupt``) at any time leaves the connection usable.

    Args:
        connection: An open chip.
        target: :class:`SpikingCalibTarget` or :class:`HagenCalibTarget`.
        options: How to calibrate.

    Returns:
        Codes, what they reach, and a mask of the neurons that did.

    Raises:
        CalibrationError: The chip does not respond as a chip does: nothing can be calibrated.
    """
    from hxtorch.core.calibration.hagen import HagenCalibrator
    from hxtorch.core.calibration.spiking import SpikingCalibrator

    calibrator: Calibrator = HagenCalibrator() if target.kind == "hagen" else SpikingCalibrator()
    return calibrator.calibrate(connection, target, options)


def nominal_calibration(connection: Connection, target: CalibTarget) -> Calibration:
    """Return the codes for a chip without mismatch, unmeasured: right in fidelity ``ideal``, near in ``calibrated``."""
    return signed(connection, target, nominal_registers(target), np.ones(512, np.bool_), {}, "nominal")


def signed(
    connection: Connection,
    target: CalibTarget,
    registers: Mapping[str, np.ndarray],
    success: np.ndarray,
    measured: Mapping[str, np.ndarray],
    method: str,
) -> Calibration:
    """Return a calibration with its chip and provenance filled in."""
    description = connection.describe()
    provenance = {
        "method": method,
        "backend": f"{description.get('backend', '')} {description.get('version', '')}".strip(),
        "hxtorch-core": _version("hxtorch-core"),
        "numpy": np.__version__,
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
    fidelity = description.get("fidelity", "")
    return Calibration(target, connection.identifier, fidelity, registers, success, measured, provenance)


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "unknown"
