"""What all targets of calibration are: fields with ranges, checked once, compared and hashed by value."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from hxtorch.core.calibration.targets.ranges import INPUTS, PER_NEURON, Range
from hxtorch.core.errors import CalibrationTargetError

if TYPE_CHECKING:
    from typing_extensions import Self

GM: dict[str, Any] = {"hard": (0, 1022), "shapes": (PER_NEURON, INPUTS)}
CAPACITANCE: dict[str, Any] = {"checked": (0, 63), "hard": (0, 63), "integer": True}
DAC_BIAS: dict[str, Any] = {"checked": (30, 1022), "hard": (0, 1022), "shapes": (), "integer": True}


def declare(default: float | None, later: bool = False, **declared: Any) -> Any:
    """Declare a field; files that were written before a ``later`` field came hold its default."""
    return field(default=default, metadata={"range": Range(**declared), "later": later})


def optional(**declared: Any) -> Any:
    """Declare a ``later`` field in which None, its default, asks for nothing."""
    return declare(None, later=True, optional=True, **declared)


@dataclass(frozen=True, eq=False)
class Target:
    """Base of targets: checks all fields, compares and hashes by value."""

    kind: ClassVar[str]

    def __post_init__(self) -> None:
        self._unwrap()
        for declared in fields(self):
            value = declared.metadata["range"].legal(declared.name, getattr(self, declared.name))
            object.__setattr__(self, declared.name, value)
        self._check()

    def _unwrap(self) -> None:
        """Turn fields that are given as something else into numbers."""

    def _check(self) -> None:
        """Check what involves several fields."""

    @classmethod
    def restore(cls, values: Mapping[str, np.ndarray]) -> Self:
        """Return the target whose :meth:`values` these are, without warnings.

        Raises:
            CalibrationTargetError: Fields are missing or unknown, or hold what no target can hold.
        """
        known = {declared.name: declared.metadata["later"] for declared in fields(cls)}
        if not set(values) <= set(known) or not {name for name, later in known.items() if not later} <= set(values):
            raise CalibrationTargetError(f"target: got fields {sorted(values)}, wanted those of {cls.__name__}")
        target = object.__new__(cls)
        for declared in fields(cls):
            given = values.get(declared.name, declared.default)
            value = declared.metadata["range"].legal(declared.name, given, warn=False)
            object.__setattr__(target, declared.name, value)
        target._check()
        return target

    def values(self) -> dict[str, np.ndarray]:
        """Return all fields by name as read-only float64 arrays: scalars () where all neurons agree, NaN for None."""
        return {declared.name: getattr(self, declared.name) for declared in fields(self)}

    def asked(self) -> dict[str, np.ndarray]:
        """Return :meth:`values` without fields that came later and are at their defaults."""
        return {
            declared.name: getattr(self, declared.name)
            for declared in fields(self)
            if not (declared.metadata["later"] and _is_default(getattr(self, declared.name), declared.default))
        }

    def per_neuron(self, name: str) -> np.ndarray:
        """Return field ``name`` for each neuron, (512,)."""
        return np.broadcast_to(getattr(self, name), PER_NEURON)

    def per_input(self, name: str) -> np.ndarray:
        """Return field ``name`` for the excitatory and the inhibitory input of each neuron, (2, 512)."""
        return np.broadcast_to(getattr(self, name), INPUTS)

    def digest(self) -> str:
        """Return a hexadecimal hash of kind and values, equal for equal targets in any process."""
        text = hashlib.sha256(self.kind.encode())
        for name, value in sorted(self.asked().items()):
            text.update(f"/{name}{value.shape}".encode())
            text.update(np.ascontiguousarray(value, "<f8").tobytes())
        return text.hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Target) and self.digest() == other.digest()

    def __hash__(self) -> int:
        return hash(self.digest())


def _is_default(value: np.ndarray, default: Any) -> bool:
    return value.shape == () and (bool(np.isnan(value)) if default is None else bool(value == default))
