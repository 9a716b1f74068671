"""What all procedures share: options, a progress bar, runs of their own, a signature under the result."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Protocol, runtime_checkable

import numpy as np

from hxtorch.core.arguments import checked
from hxtorch.core.calibration.stored.paths import core_version
from hxtorch.core.calibration.stored.result import Calibration, fidelity_of
from hxtorch.core.calibration.targets import CalibTarget
from hxtorch.core.interfaces import Connection, CountsRuns

FIRST_RUN = 1 << 31


@checked
@dataclass(frozen=True)
class CalibrationOptions:
    """How to calibrate.

    Attributes:
        progress: Show a progress bar; None shows it on a terminal and in a notebook only.
    """

    progress: bool | None = None


class Calibrator(Protocol):
    """Finds register codes by measuring."""

    def calibrate(self, connection: Connection, target: Any, options: CalibrationOptions | None = None) -> Calibration:
        """Return register codes that bring the chip behind ``connection`` to ``target``."""
        ...


@runtime_checkable
class Dependent(Protocol):
    """Finds register codes on a chip that is calibrated to something else first."""

    needs: CalibTarget
    """What the chip has to be calibrated to."""

    def calibrate_on(
        self, connection: Connection, target: Any, ready: Calibration, options: CalibrationOptions | None = None
    ) -> Calibration:
        """Return register codes that bring the chip to ``target`` on top of ``ready``, its calibration to ``needs``."""
        ...


class Progress:
    """A progress bar that counts the stages of a calibration and names the current one."""

    def __init__(self, bar: Any) -> None:
        self._bar = bar
        self._begun = 0

    def stage(self, name: str) -> None:
        """Begin the next stage; the one before is done."""
        self._bar.update(self._begun)
        self._bar.set_postfix_str(name)
        self._begun = 1

    def done(self) -> None:
        """The last stage is done."""
        self._bar.update(self._begun)


@contextmanager
def progress_bar(options: CalibrationOptions | None, title: str, stages: int) -> Iterator[Progress]:
    """Show a bar of ``stages`` stages while the block runs; it is closed on errors and interrupts too."""
    from tqdm.auto import tqdm  # type: ignore[import-untyped, unused-ignore]

    shown = CalibrationOptions() if options is None else options
    notebook = "ipykernel" in sys.modules  # where tqdm sees no terminal, and shows a bar of its own
    unasked = bool(os.environ.get("TQDM_DISABLE")) or (False if notebook else None)
    disable = unasked if shown.progress is None else not shown.progress
    with tqdm(total=stages, desc=title, disable=disable, leave=False, unit="stage") as bar:
        progress = Progress(bar)
        yield progress
        progress.done()


@contextmanager
def own_runs(connection: Connection) -> Iterator[None]:
    """Number the runs of the block apart from the user's, where a backend counts runs.

    Emulated noise is keyed by that number: runs of a user must not depend on whether a calibration was found or made,
    nor share their noise with it.
    """
    if not isinstance(connection, CountsRuns):
        yield
        return
    before = connection.run_counter
    connection.run_counter = FIRST_RUN
    try:
        yield
    finally:
        connection.run_counter = before


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
        "hxtorch-core": core_version(),
        "numpy": np.__version__,
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
    return Calibration(target, connection.identifier, fidelity_of(connection), registers, success, measured, provenance)
