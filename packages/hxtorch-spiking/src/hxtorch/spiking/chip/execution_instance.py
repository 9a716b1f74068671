"""One chip's share of an experiment, with its calibration."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hxtorch import core
from hxtorch.core.errors import CalibrationFormatError, NoConnectionError
from hxtorch.spiking.doors import checked

if TYPE_CHECKING:
    from hxtorch.core import CADCRecording, Chip, ChipConfiguration, Connection, ExecutionInstanceHooks, Session
    from hxtorch.core.calibration import Calibration
    from hxtorch.core.interfaces import ChipCalibration

__all__ = ["BaseExecutionInstance", "ExecutionInstance", "ExecutionInstances"]

_IDS = itertools.count()
_NO_HOOKS = core.ExecutionInstanceHooks()


class BaseExecutionInstance(ABC):
    """What a chip's share of an experiment is asked for."""

    def __init__(self) -> None:
        self._id = next(_IDS)

    @property
    def ID(self) -> int:  # noqa: N802  # the name that scripts know
        """Number of the instance in this process."""
        return self._id

    @abstractmethod
    def calibrate(self) -> Any:
        """Bring the chip to the parameters of the modules."""

    @abstractmethod
    def cadc_recordings(self) -> CADCRecording | None:
        """Return how the column ADC records, or None if nothing is recorded."""

    @abstractmethod
    def generate_playback_hooks(self) -> ExecutionInstanceHooks:
        """Return what else is written around a run."""


@checked
class ExecutionInstance(BaseExecutionInstance):
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
        session: Where to run, or None for the current session; instances of different sessions run at the same time.

    Attributes:
        calibration: The loaded calibration, or None: then the chip is calibrated to the parameters of the modules.
        playback_hooks: As given; what is set here counts from the next run on.
        injection_pre_static_config, injection_pre_realtime, injection_inside_realtime_begin, injection_inside_realtime,
            injection_inside_realtime_end, injection_post_realtime: One position each of the hooks, None for nothing:
            registers by name, or a function from all registers to all registers; ``injection_inside_realtime`` is a
            sequence of writes at a time. They are applied after ``playback_hooks``.
        modules: The populations that were on the chip in the last run.
    """

    def __init__(
        self,
        calib_path: str | PathLike[str] | None = None,
        calib_cache_dir: str | PathLike[str] | None = None,
        input_loopback: bool = False,
        strict: bool = False,
        playback_hooks: ExecutionInstanceHooks | None = None,
        session: Session | None = None,
    ) -> None:
        super().__init__()
        self.calib_cache_dir = None if calib_cache_dir is None else Path(calib_cache_dir)
        self.calibration: ChipCalibration | None = None
        self.input_loopback = input_loopback
        self.strict = strict
        self.playback_hooks = playback_hooks
        self.session = session
        self.injection_pre_static_config: Any = None
        self.injection_pre_realtime: Any = None
        self.injection_inside_realtime_begin: Any = None
        self.injection_inside_realtime: Any = None
        self.injection_inside_realtime_end: Any = None
        self.injection_post_realtime: Any = None
        self.modules: tuple[Any, ...] = ()
        self.decides_parameters = False
        self._chip: Chip | ChipConfiguration | None = None
        self._recording: CADCRecording | None = None
        self._runtime: int | None = None
        self._implicit: tuple[dict[str, str], Mapping[str, np.ndarray], ChipCalibration] | None = None
        self._measured: Calibration | None = None
        if calib_path is not None:
            self.load_calib(calib_path)

    def load_calib(self, calib_path: str | PathLike[str] | None = None) -> Chip:
        """Use a stored calibration instead of calibrating to the parameters of the modules.

        What is called ``.pkl``, as a calibration's own file is, also tells the modules which parameters the chip has:
        their ``hardware_value`` is overwritten in the next run. Other files leave it and say where it differs.

        Args:
            calib_path: File of a spiking calibration; its content decides what it is, never its suffix. None for
                the nightly calibration of the connected chip.

        Returns:
            The registers of the chip with the calibration.

        Raises:
            CalibrationFormatError: The file is no spiking calibration.
            CalibrationSerialError: It belongs to another chip than the connected one.
            NoConnectionError: The nightly calibration is wanted and no chip is connected.
        """
        path = core.nightly_calib_path() if calib_path is None else calib_path
        loaded = core.calibration.load(path)
        if loaded.kind != "spiking":
            raise CalibrationFormatError(f"{path}: got a {loaded.kind} calibration, wanted a spiking one")
        try:
            connection = self._connection()
        except NoConnectionError:
            pass  # checked before the first run
        else:
            loaded.require_chip(connection)
        self.calibration = loaded
        self.decides_parameters = Path(path).suffix == ".pkl"
        self._chip = chip = loaded.to_chip()
        return chip

    def calibrate(
        self,
        connection: Connection | None = None,
        values: Mapping[str, np.ndarray] | None = None,
        trained: bool = False,
    ) -> ChipCalibration:
        """Return the calibration to run with: the loaded one, else one made for the parameters of the modules.

        Args:
            connection: The chip, or None for the connected one.
            values: Fields of the spiking calibration target, (512,) or (), or None for those of the last run, or the
                defaults. A calibration is made again only if one of them, or the chip, changed.
            trained: Whether some of them are trained. Codes then move from those measured last, by the slope of each
                neuron (:func:`hxtorch.core.calibration.moved_to`), until a value has left the reach of that.

        Raises:
            CalibrationSerialError: The loaded calibration belongs to another chip.
            CalibrationTargetError: No chip reaches the values.
            NoConnectionError: No chip is connected.
        """
        connection = connection or self._connection()
        if self.calibration is not None:
            self.calibration.require_chip(connection)
            return self.calibration
        if values is None:
            values = {} if self._implicit is None else self._implicit[1]
        chip = connection.describe()
        if self._implicit is not None:
            old_chip, old_values, held = self._implicit
            same = values is old_values or (
                values.keys() == old_values.keys()
                and all(np.array_equal(values[name], old_values[name]) for name in values)
            )
            if old_chip == chip and same:
                return held
        target = core.calibration.SpikingCalibTarget(**values)
        found = None
        if trained and self._measured is not None and self._implicit is not None and self._implicit[0] == chip:
            found = core.calibration.moved_to(self._measured, target)
        if found is None:
            if self.calib_cache_dir is None:
                found = core.calibration.for_target(connection, target)
            else:
                found = core.calibration.for_target(connection, target, folder=self.calib_cache_dir)
            self._measured = found if found.provenance.get("method") == "measured" else None
        self._implicit = chip, values, found
        return found

    def recalibrate(self) -> None:
        """Measure in the next run again, where codes have moved along with trained parameters since the last time."""
        self._implicit = self._measured = None

    @property
    def chip(self) -> Chip | None:
        """Registers of the chip: as in the last run, else with the calibration, or None before both."""
        if self._chip is None and self._implicit is not None and hasattr(self._implicit[2], "to_chip"):
            self._chip = self._implicit[2].to_chip()
        if isinstance(self._chip, core.ChipConfiguration):
            self._chip = core.Chip(self._chip)
        return self._chip

    @chip.setter
    def chip(self, chip: Chip | ChipConfiguration | None) -> None:
        self._chip = chip

    def set_neuron_parameters_on_chip(self) -> None:
        """Write trained parameters of the populations that were on the chip in the last run to :attr:`chip`."""
        for module in self.modules:
            module.set_trainable_params(self.chip)

    def cadc_recordings(self) -> CADCRecording | None:
        """Return how the column ADC recorded in the last run, or None if it did not."""
        return self._recording

    def plasticity_rules(self) -> list[object]:
        """Return the plasticity rules of the instance: none, as there are no plasticity processors here."""
        return []

    def hooks_for(self, runtime: int) -> ExecutionInstanceHooks | None:
        """Return what :meth:`generate_playback_hooks` says for a run of ``runtime`` cycles."""
        self._runtime = runtime
        try:
            found = self.generate_playback_hooks()
            return None if found is _NO_HOOKS else found
        finally:
            self._runtime = None

    def generate_playback_hooks(self) -> ExecutionInstanceHooks:
        """Return what is written around a run: ``playback_hooks``, then the injections.

        A subclass may return others. Asked outside of a run, what is written at its end is left out, whose time is not
        known yet.
        """
        runtime = self._runtime
        given = self.playback_hooks
        inside = [] if self.injection_inside_realtime is None else [*self.injection_inside_realtime]
        if self.injection_inside_realtime_begin is not None:
            inside.insert(0, core.TimedWrite(0, self.injection_inside_realtime_begin))
        if self.injection_inside_realtime_end is not None and runtime is not None:
            inside.append(core.TimedWrite(runtime - 1, self.injection_inside_realtime_end))
        named = {
            "pre_static_config": self.injection_pre_static_config,
            "pre_realtime": self.injection_pre_realtime,
            "post_realtime": self.injection_post_realtime,
        }
        more = {name: hook for name, hook in named.items() if hook is not None}
        if given is None:
            given = _NO_HOOKS
        elif not isinstance(given, core.ExecutionInstanceHooks):
            given = core.ExecutionInstanceHooks(pre_realtime=given)
        if not inside and not more:
            return given
        joined = {name: (*_listed(getattr(given, name)), *_listed(hook)) for name, hook in more.items()}
        return replace(given, inside_realtime=(*given.inside_realtime, *inside), **joined)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(ID={self.ID})"

    def _connection(self) -> Connection:
        return (self.session or core.current_session()).connection


class ExecutionInstances(set[Any]):
    """The execution instances of an experiment, and what each of them has, by its ``ID``."""

    @property
    def chips(self) -> dict[int, Chip | None]:
        """Registers of the chips."""
        return {instance.ID: instance.chip for instance in self}

    @property
    def cadc_recordings(self) -> dict[int, CADCRecording | None]:
        """How the column ADCs record."""
        return {instance.ID: instance.cadc_recordings() for instance in self}

    @property
    def plasticity_rules(self) -> dict[int, list[object]]:
        """Plasticity rules: none, as there are no plasticity processors here."""
        return {instance.ID: instance.plasticity_rules() for instance in self}

    @property
    def playback_hooks(self) -> dict[int, ExecutionInstanceHooks]:
        """What else is written around a run."""
        return {instance.ID: instance.generate_playback_hooks() for instance in self}


def _listed(hooks: Any) -> Sequence[Any]:
    """Return one hook, or several, as several."""
    return (hooks,) if callable(hooks) or isinstance(hooks, Mapping) else tuple(hooks)
