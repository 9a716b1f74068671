"""What a calibration found: register codes of one chip, and how well they reach the target."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from bss2_emulator.facts.constants import NEURONS
from bss2_emulator.ground.cached import cached_property
from hxtorch.core.arguments import checked
from hxtorch.core.calibration.targets import TARGETS, CalibTarget, HagenSyninCalibTarget
from hxtorch.core.errors import CalibrationFormatError, CalibrationSerialError, ConfigurationError
from hxtorch.core.interfaces import Connection
from hxtorch.core.looks import table
from hxtorch.core.seam.configuration import ChipConfiguration
from hxtorch.core.vocabulary.chip import Chip

Derivation = Callable[[Connection, "Calibration", Any], "Calibration"]
"""Makes a calibration of another kind out of one, by measuring."""

_DERIVED: dict[str, Derivation] = {}


def derivation(kind: str) -> Callable[[Derivation], Derivation]:
    """Register a procedure that makes calibrations of ``kind`` out of others; results offer it, and do not know it."""

    def register(procedure: Derivation) -> Derivation:
        _DERIVED[kind] = procedure
        return procedure

    return register


REGISTER_SHAPES = {register.name: register.metadata["shape"] for register in fields(ChipConfiguration)}


UNITS = {
    **dict.fromkeys(("leak", "reset", "threshold", "rest", "e_coba_reversal", "cadc_error", "noise"), "LSB"),
    **dict.fromkeys(("tau_mem", "tau_syn", "tau_icc"), "s"),
    "synaptic_current": "A",
}


def with_unit(quantity: str) -> str:
    """Return the name of a measured quantity with its unit behind it, if it has one."""
    return f"{quantity} ({UNITS[quantity]})" if quantity in UNITS else quantity


def fidelity_of(connection: Connection) -> str:
    """Return how faithfully a chip is emulated, with the imperfections that are switched; empty for a real chip."""
    description = connection.describe()
    return " with ".join(description[key] for key in ("fidelity", "imperfections") if description.get(key))


@checked
@dataclass(frozen=True, eq=False, repr=False)
class Calibration:
    """Register codes that bring one chip to a target. It never changes, and threads may share it.

    Attributes:
        target: What was asked for.
        serial: Chip that was measured; the codes mean nothing on another one.
        fidelity: Fidelity of that chip if it is emulated (see :func:`fidelity_of`), else the empty string.
        registers: Codes by register name, each in the shape of its register.
        success: Which neurons reached the target, bool (512,).
        measured: What was reached, by name: float64 arrays in the units of the target.
        provenance: Who made it, with what and when: short texts by name.

    Raises:
        CalibrationFormatError: A register is unknown or its codes are not legal, or ``success`` is no mask of 512.
    """

    target: CalibTarget
    serial: str
    fidelity: str
    registers: Mapping[str, np.ndarray]
    success: np.ndarray
    measured: Mapping[str, np.ndarray] = field(default_factory=dict)
    provenance: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, codes in self.registers.items():
            if np.shape(codes) != REGISTER_SHAPES.get(name):
                wanted = REGISTER_SHAPES.get(name, "a known register")
                raise CalibrationFormatError(f"register {name}: got shape {np.shape(codes)}, wanted {wanted}")
        try:
            legal = {name: ChipConfiguration.legal(name, codes) for name, codes in self.registers.items()}
        except ConfigurationError as error:
            raise CalibrationFormatError(f"calibration with illegal registers: {error}") from error
        object.__setattr__(self, "registers", legal)
        success = np.asarray(self.success)
        if success.shape != (NEURONS,) or success.dtype != np.bool_:
            raise CalibrationFormatError(f"success: got {success.dtype} {success.shape}, wanted a mask of 512 neurons")
        if type(self.target) not in TARGETS.values():
            raise CalibrationFormatError(
                f"target: got {type(self.target).__name__}, wanted that of {' or '.join(TARGETS)}"
            )

    @property
    def kind(self) -> str:
        """Of the target: a key of ``targets.TARGETS``, for instance ``spiking``."""
        return self.target.kind

    @cached_property
    def failed(self) -> np.ndarray:
        """Neurons that did not reach the target, int64."""
        return np.flatnonzero(~self.success)

    def apply(self, configuration: ChipConfiguration) -> ChipConfiguration:
        """Return ``configuration`` with the calibrated registers; all others stay."""
        return configuration.replace(**self.registers)

    def to_chip(self, initial_config: Chip | ChipConfiguration | None = None) -> Chip:
        """Return all registers with the calibrated ones set, to be changed one by one.

        Args:
            initial_config: What all other registers hold, or None for their defaults; it stays as it is.
        """
        base = initial_config.configuration if isinstance(initial_config, Chip) else initial_config
        return Chip(self.apply(base or ChipConfiguration()))

    def to_hagen_synin_result(self, connection: Connection, target: HagenSyninCalibTarget | None = None) -> Calibration:
        """Return a calibration for products that are read from the synaptic lines; this one's synapse drivers stay.

        Args:
            connection: The chip that this calibration was made on; all else is measured there.
            target: What to reach, or None for its defaults.

        Raises:
            CalibrationTargetError: This calibration has no synapse drivers of hagen mode.
            CalibrationSerialError: It belongs to another chip.
        """
        return _DERIVED["hagen_synin"](connection, self, target or HagenSyninCalibTarget())

    def require_chip(self, connection: Connection) -> None:
        """Refuse the chip behind ``connection`` if these codes were not found on it.

        Raises:
            CalibrationSerialError: Another serial, or the same serial emulated in another fidelity.
        """
        self.require_serial(connection.identifier)
        fidelity = fidelity_of(connection)
        if fidelity != self.fidelity:
            raise CalibrationSerialError(
                f"calibration of chip {self.serial!r} in fidelity {self.fidelity!r}, but it is connected in "
                f"{fidelity!r}, where other codes are right; calibrate there or connect in the first"
            )

    def require_serial(self, serial: str) -> None:
        """Refuse a chip of another serial.

        Raises:
            CalibrationSerialError: ``serial`` is not the one that was measured.
        """
        if serial != self.serial:
            raise CalibrationSerialError(
                f"calibration of chip {self.serial!r}, but {serial!r} is connected; "
                "calibrate this chip (hxtorch.core.calibration.for_target) or connect to the other"
            )

    def __repr__(self) -> str:
        return (
            f"Calibration({self.kind} of {self.serial!r}, fidelity {self.fidelity!r}, "
            f"{int(self.success.sum())} of {self.success.size} neurons, {len(self.registers)} registers)"
        )

    def _repr_html_(self) -> str:
        wanted = {
            name: np.nanmean(values) for name, values in self.target.values().items() if np.isfinite(values).any()
        }
        rows = [
            (
                with_unit(name),
                f"{np.nanmean(reached):.4g} +- {np.nanstd(reached):.2g}",
                f"{wanted[name]:.4g}" if name in wanted else "",
            )
            for name, reached in self.measured.items()
        ]
        return table(repr(self), ("quantity", "reached (mean, deviation over neurons)", "target"), rows)

    def report(self) -> str:
        """Return a text: chip, targets, what was reached, failed neurons."""
        lines = [f"{self.kind} calibration of {self.serial} ({self.fidelity or 'no'} fidelity)"]
        targets = self.target.values()
        for name, reached in self.measured.items():
            wanted = f", target {np.nanmean(targets[name]):.4g}" if name in targets else ""
            lines.append(f"  {with_unit(name)}: {np.nanmean(reached):.4g} +- {np.nanstd(reached):.2g}{wanted}")
        which = (
            ": " + ", ".join(map(str, self.failed[:20])) + " ..." * (self.failed.size > 20) if self.failed.size else ""
        )
        unknown = "" if self.measured or self.failed.size else "; nothing was measured"
        lines.append(f"  {len(self.failed)} of 512 neurons failed{which}{unknown}")
        return "\n".join(lines)
