"""One chip's share of an experiment, with its calibration."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hxtorch import core
from hxtorch.core.errors import CalibrationFormatError, NoConnectionError

if TYPE_CHECKING:
    from hxtorch.core import Connection, ExecutionInstanceHooks
    from hxtorch.core.calibration import Calibration

__all__ = ["ExecutionInstance"]


class ExecutionInstance:
    """Networks of one experiment that run on the chip at once.

    Args:
        calib_path: File of a spiking calibration, as :meth:`load_calib` takes it.
        calib_cache_dir: Folder for calibrations made to the parameters of the modules, so that other runs and
            processes find them; None for the user's cache (``HXTORCH_CACHE_DIR``).
        input_loopback: Let the chip send back the spikes of :class:`~hxtorch.spiking.InputNeuron` populations, which
            then take the place of those sent.
        strict: Raise where a loaded calibration was made for other parameters than those of the modules, instead of
            logging a warning.
        playback_hooks: Registers to write beside those of modules and calibration, before, during (at a time) and after
            each run; the calibration does not see them.

    Attributes:
        calibration: The loaded calibration, or None: then the chip is calibrated to the parameters of the modules.
        playback_hooks: As given; what is set here counts from the next run on.
    """

    def __init__(
        self,
        calib_path: str | PathLike[str] | None = None,
        calib_cache_dir: str | PathLike[str] | None = None,
        input_loopback: bool = False,
        strict: bool = False,
        playback_hooks: ExecutionInstanceHooks | None = None,
    ) -> None:
        self.calib_cache_dir = None if calib_cache_dir is None else Path(calib_cache_dir)
        self.calibration: Calibration | None = None
        self.input_loopback = input_loopback
        self.strict = strict
        self.playback_hooks = playback_hooks
        self._implicit: tuple[dict[str, str], Mapping[str, np.ndarray], Calibration] | None = None
        if calib_path is not None:
            self.load_calib(calib_path)

    def load_calib(self, calib_path: str | PathLike[str]) -> None:
        """Use a stored calibration instead of calibrating to the parameters of the modules.

        Args:
            calib_path: File of a spiking calibration; its content decides, not its suffix.

        Raises:
            CalibrationFormatError: The file is no spiking calibration.
            CalibrationSerialError: It belongs to another chip than the connected one.
        """
        from hxtorch.core import calibration

        loaded = calibration.load(calib_path)
        if loaded.kind != "spiking":
            raise CalibrationFormatError(f"{calib_path}: got a {loaded.kind} calibration, wanted a spiking one")
        try:
            connection = core.current_session().connection
        except NoConnectionError:
            pass  # checked before the first run
        else:
            loaded.require_chip(connection)
        self.calibration = loaded

    def calibrate(self, connection: Connection, values: Mapping[str, np.ndarray]) -> Calibration:
        """Return the calibration to run with: the loaded one, else one made for the parameters of the modules.

        Args:
            connection: The chip.
            values: Fields of the spiking calibration target, (512,) or (). A calibration is made again only if one of
                them, or the chip, changed.

        Raises:
            CalibrationSerialError: The loaded calibration belongs to another chip.
            CalibrationTargetError: No chip reaches the values.
        """
        if self.calibration is not None:
            self.calibration.require_chip(connection)
            return self.calibration
        chip = connection.describe()
        if self._implicit is not None:
            old_chip, old_values, made = self._implicit
            same = values is old_values or all(np.array_equal(values[name], old_values[name]) for name in values)
            if old_chip == chip and same:
                return made
        from hxtorch.core import calibration

        target = calibration.SpikingCalibTarget(**values)
        if self.calib_cache_dir is None:
            made = calibration.for_target(connection, target)
        else:
            made = calibration.for_target(connection, target, folder=self.calib_cache_dir)
        self._implicit = chip, values, made
        return made
