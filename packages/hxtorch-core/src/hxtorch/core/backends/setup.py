"""Which chip to open: environment variables and a small TOML database over built-in defaults.

A database is a file with one table per setup::

    [[setup]]
    name = "lab"                          # optional, to be chosen by HXTORCH_CHIP instead of the serial
    backend = "emulator"                  # entry point of the group hxtorch.backends
    serial = "emulated-1"
    fidelity = "full"                     # ideal, calibrated or full
    seed = 0                              # of the noise
    temperature = 60.0                    # of the chip, degrees Celsius
    sheet = "measured.csv"                # parameters of its silicon, relative to this file
    imperfections = { cadc_noise = false }
    hagen_calibration = { stable = "hagen.safetensors" }    # by version, relative to this file
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from hxtorch.core.arguments import checked
from hxtorch.core.errors import BackendError
from hxtorch.core.files import read_regular
from hxtorch.core.seam.integers import legal_integer

_MAX_DATABASE = 1 << 17  # bytes, some hundred setups
_MAX_DOTS = 256  # in a line: parsers take the square of the parts of a key, 44 s for a key of 60 kB

_ENVIRONMENT = {
    "backend": "HXTORCH_BACKEND",
    "serial": "HXTORCH_CHIP",
    "fidelity": "HXTORCH_FIDELITY",
    "seed": "HXTORCH_SEED",
    "sheet": "HXTORCH_SHEET",
    "temperature": "HXTORCH_TEMPERATURE",
}


@checked
@dataclass(frozen=True)
class CalibrationPath:
    """File with a calibration; its content decides what it is, not its suffix."""

    value: str


@checked
@dataclass(frozen=True)
class HWDBPath:
    """Hardware database.

    Attributes:
        path: TOML file, or None for the built-in setup.
        version: Which version of a setup's stored calibrations to use.
    """

    path: str | None = None
    version: str = "stable"


@checked
@dataclass(frozen=True)
class Setup:
    """One chip and how to reach it.

    Attributes:
        backend: Name of an entry point of the group ``hxtorch.backends``.
        serial: Names the chip; calibrations belong to it.
        fidelity: For emulated chips ``ideal``, ``calibrated`` or ``full``.
        seed: Of the noise of an emulated chip.
        imperfections: Imperfections of an emulated chip to switch off (False) or on (True), by name.
        hagen_calibration: File with the calibration for matrix products, or None for the chip's stored one.
        sheet: CSV file with parameters of an emulated chip's silicon (``docs/chip.md``, section 10), or None for the
            usual ones.
        temperature: Of an emulated chip, degrees Celsius, or None for that of its sheet.
    """

    backend: str = "emulator"
    serial: str = "emulated-1"
    fidelity: str = "full"
    seed: int = 0
    imperfections: Mapping[str, bool] = field(default_factory=dict)
    hagen_calibration: str | None = None
    sheet: str | None = None
    temperature: float | None = None

    def __post_init__(self) -> None:
        for name in ("backend", "serial", "fidelity"):
            if not isinstance(getattr(self, name), str) or not getattr(self, name):
                raise BackendError(f"{name}: got {getattr(self, name)!r}, wanted a name")
        if self.sheet is not None and (not isinstance(self.sheet, str) or not self.sheet):
            raise BackendError(f"sheet: got {self.sheet!r}, wanted the path of a CSV file")
        if self.temperature is not None:
            if isinstance(self.temperature, bool) or not isinstance(self.temperature, int | float):
                raise BackendError(f"temperature: got {self.temperature!r}, wanted degrees Celsius")
            object.__setattr__(self, "temperature", float(self.temperature))
        object.__setattr__(self, "seed", legal_integer("seed", self.seed, 0, 2**63 - 1, BackendError))
        switches = self.imperfections
        if not isinstance(switches, Mapping) or not all(isinstance(switch, bool) for switch in switches.values()):
            raise BackendError(f"imperfections: got {switches!r}, wanted true or false by name")


def resolve_setup(hwdb_path: HWDBPath | None = None, **given: Any) -> Setup:
    """Find the chip to open.

    Args:
        hwdb_path: Database to search, or None for the built-in setup.
        **given: Fields of :class:`Setup` that beat everything else; None is not given.

    Returns:
        The setup: ``given`` over environment variables (``HXTORCH_BACKEND``, ``HXTORCH_CHIP``, ``HXTORCH_FIDELITY``,
        ``HXTORCH_SEED``, ``HXTORCH_SHEET``, ``HXTORCH_TEMPERATURE``) over the database over built-in defaults. In a
        database ``HXTORCH_CHIP`` names the setup or its serial; without it the first setup is taken.

    Raises:
        BackendError: The database cannot be read or lacks what is asked for, or a value is not legal.
    """
    if hwdb_path is not None and not isinstance(hwdb_path, HWDBPath):
        raise BackendError(
            f"hwdb_path: got {hwdb_path!r}, wanted hxtorch.HWDBPath(path) of a hardware database or "
            "hxtorch.CalibrationPath(path) of a calibration"
        )
    chosen: dict[str, Any] = {}
    for name, variable in _ENVIRONMENT.items():
        if os.environ.get(variable):
            chosen[name] = os.environ[variable]
    for name, number, wanted in (("seed", int, "an integer"), ("temperature", float, "degrees Celsius")):
        if name in chosen:
            try:
                chosen[name] = number(chosen[name])
            except ValueError:
                raise BackendError(f"{_ENVIRONMENT[name]}: got {chosen[name]!r}, wanted {wanted}") from None
    chosen.update({name: value for name, value in given.items() if value is not None})
    if hwdb_path is None or hwdb_path.path is None:
        return Setup(**chosen)
    stored = _read_database(Path(hwdb_path.path), hwdb_path.version, chosen.pop("serial", None))
    return replace(stored, **chosen)


def _read_database(path: Path, version: str, wanted: str | None) -> Setup:
    """Return the setup called ``wanted``, by name or serial, or the first one."""
    tomllib = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        text = read_regular(path, BackendError, _MAX_DATABASE).decode()
        if any(line.count(".") > _MAX_DOTS for line in text.splitlines()):
            raise BackendError(f"hardware database {path}: more than {_MAX_DOTS} dots in a line, wanted plain keys")
        content = tomllib.loads(text)
    except OSError as error:
        raise BackendError(f"hardware database {path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise BackendError(f"hardware database {path}: not TOML: {error}") from error
    entries = content.get("setup")
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise BackendError(f"hardware database {path}: wanted at least one [[setup]] table")
    names = [(entry.get("name"), entry.get("serial", Setup.serial)) for entry in entries]
    by_name = [entry for entry, (name, _) in zip(entries, names, strict=True) if wanted is None or name == wanted]
    by_serial = [entry for entry, (_, serial) in zip(entries, names, strict=True) if serial == wanted]
    matches = by_name or by_serial
    if not matches:
        known = ", ".join(str(name or serial) for name, serial in names)
        raise BackendError(f"hardware database {path}: no setup called {wanted!r}; it has {known}")
    if wanted is not None and len(matches) > 1:
        raise BackendError(f"hardware database {path}: {len(matches)} setups called {wanted!r}; give each its own name")
    entry = dict(matches[0])
    entry.pop("name", None)
    unknown = sorted(set(entry) - {field.name for field in fields(Setup)})
    if unknown:
        raise BackendError(f"hardware database {path}: unknown key {unknown[0]!r} in a setup")
    calibrations = entry.pop("hagen_calibration", None)
    if calibrations is not None:
        if not isinstance(calibrations, dict) or not isinstance(calibrations.get(version), str):
            raise BackendError(f"hardware database {path}: no hagen_calibration of version {version!r}")
        entry["hagen_calibration"] = str(path.parent / calibrations[version])
    if isinstance(entry.get("sheet"), str):
        entry["sheet"] = str(path.parent / entry["sheet"])
    try:
        return Setup(**entry)
    except BackendError as error:
        raise BackendError(f"hardware database {path}: {error}") from None
