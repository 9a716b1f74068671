"""Where something is on the chip, in the vocabulary of user scripts.

Coordinates are integers that know their range, so they index arrays and agree with plain numbers.

Source: chip facts 1.1, 1.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, ClassVar, TypeVar

from bss2_emulator.facts.constants import COLUMNS, NEURONS
from hxtorch.core.arguments import checked
from hxtorch.core.errors import PlacementError
from hxtorch.core.seam.integers import legal_integer

HALF = COLUMNS // 2  # columns of half a row, which no neuron leaves (chip facts 1.2)


class _Coordinate(int):
    """Integer from 0 to ``size - 1``."""

    size: ClassVar[int]

    def __new__(cls, value: int = 0) -> _Coordinate:
        return super().__new__(cls, legal_integer(cls.__name__, value, 0, cls.size - 1, PlacementError))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({int(self)})"

    def toEnum(self) -> int:  # noqa: N802
        """Return the plain number."""
        return int(self)


_Kind = TypeVar("_Kind", bound=_Coordinate)
Circuits = Mapping[Any, Iterable[int]]
"""Circuits by compartment."""


def iter_all(kind: type[_Kind]) -> Iterator[_Kind]:
    """Iterate over all coordinates of a kind in ascending order."""
    return (kind(value) for value in range(kind.size))


class HemisphereOnDLS(_Coordinate):
    """Half of the chip: 0 top, 1 bottom."""

    size = 2
    top: ClassVar[HemisphereOnDLS]
    bottom: ClassVar[HemisphereOnDLS]


class NeuronRowOnDLS(_Coordinate):
    """Row of neurons, one for each hemisphere."""

    size = 2
    top: ClassVar[NeuronRowOnDLS]
    bottom: ClassVar[NeuronRowOnDLS]

    def toHemisphereOnDLS(self) -> HemisphereOnDLS:  # noqa: N802
        """Return the hemisphere of this row."""
        return HemisphereOnDLS(self)


HemisphereOnDLS.top, HemisphereOnDLS.bottom = iter_all(HemisphereOnDLS)
NeuronRowOnDLS.top, NeuronRowOnDLS.bottom = iter_all(NeuronRowOnDLS)


class NeuronColumnOnDLS(_Coordinate):
    """Column of a neuron, which is that of its synapses and of its CADC channel."""

    size = COLUMNS


class NeuronColumnOnLogicalNeuron(_Coordinate):
    """Column relative to a logical neuron's anchor."""

    size = HALF


class NeuronRowOnLogicalNeuron(_Coordinate):
    """Row relative to a logical neuron's anchor."""

    size = 2


_ROWS = (NeuronRowOnDLS, NeuronRowOnLogicalNeuron, HemisphereOnDLS)
_COLUMNS = (NeuronColumnOnDLS, NeuronColumnOnLogicalNeuron)


def _column_and_row(what: str, first: int, second: int) -> tuple[int, int]:
    """Tell column and row apart by their types; plain numbers are column, row."""
    if isinstance(first, _ROWS) or isinstance(second, _COLUMNS):
        first, second = second, first
    if isinstance(first, _ROWS) or isinstance(second, _COLUMNS):
        raise PlacementError(f"{what}: got {second!r} and {first!r}, wanted a column and a row, in either order")
    return first, second


@checked
class AtomicNeuronOnDLS(_Coordinate):
    """Neuron circuit ``n = 256 * row + column``; made from ``n``, or from column and row.

    Typed coordinates come in either order, plain numbers as column, row.
    """

    size = NEURONS

    def __new__(cls, value: int = 0, row: int | None = None) -> AtomicNeuronOnDLS:
        if row is not None:
            column, row = _column_and_row(cls.__name__, value, row)
            value = COLUMNS * NeuronRowOnDLS(row) + NeuronColumnOnDLS(column)
        return super().__new__(cls, value)  # type: ignore[return-value]

    def toNeuronColumnOnDLS(self) -> NeuronColumnOnDLS:  # noqa: N802
        """Return the column."""
        return NeuronColumnOnDLS(self % COLUMNS)

    def toNeuronRowOnDLS(self) -> NeuronRowOnDLS:  # noqa: N802
        """Return the row."""
        return NeuronRowOnDLS(self // COLUMNS)

    def toHemisphereOnDLS(self) -> HemisphereOnDLS:  # noqa: N802
        """Return the hemisphere."""
        return HemisphereOnDLS(self // COLUMNS)


@lru_cache(NEURONS)
def _circuit(number: int) -> AtomicNeuronOnDLS:
    """Return a circuit, of which a placement makes all again and again."""
    return AtomicNeuronOnDLS(number)


class CompartmentOnLogicalNeuron(_Coordinate):
    """Compartment of a logical neuron."""

    size = 255


@checked
class AtomicNeuronOnLogicalNeuron(_Coordinate):
    """Circuit relative to a logical neuron's anchor: ``128 * row + column``; made from that, or from column and row.

    Typed coordinates come in either order, plain numbers as column, row.
    """

    size = 256

    def __new__(cls, value: int = 0, row: int | None = None) -> AtomicNeuronOnLogicalNeuron:
        if row is not None:
            column, row = _column_and_row(cls.__name__, value, row)
            if not 0 <= column < HALF:
                raise PlacementError(f"{cls.__name__}: got column {column}, wanted 0 to 127")
            value = HALF * NeuronRowOnDLS(row) + column
        return super().__new__(cls, value)  # type: ignore[return-value]

    def toNeuronColumnOnLogicalNeuron(self) -> NeuronColumnOnLogicalNeuron:  # noqa: N802
        """Return the column."""
        return NeuronColumnOnLogicalNeuron(self % HALF)

    def toNeuronRowOnLogicalNeuron(self) -> NeuronRowOnLogicalNeuron:  # noqa: N802
        """Return the row."""
        return NeuronRowOnLogicalNeuron(self // HALF)


@checked
class LogicalNeuronCompartments(Mapping[CompartmentOnLogicalNeuron, tuple[AtomicNeuronOnLogicalNeuron, ...]]):
    """Shape of a logical neuron: which circuits make up each compartment, relative to an anchor."""

    def __init__(self, compartments: Circuits | None = None) -> None:
        """Take circuits by compartment; without any, the shape is one compartment of one circuit."""
        given = {0: [0]} if compartments is None else compartments
        self._compartments = {
            CompartmentOnLogicalNeuron(compartment): tuple(AtomicNeuronOnLogicalNeuron(circuit) for circuit in circuits)
            for compartment, circuits in given.items()
        }
        circuits = [circuit for compartment in self._compartments.values() for circuit in compartment]
        if not all(self._compartments.values()) or not circuits or len(set(circuits)) != len(circuits):
            raise PlacementError("logical neuron: wanted at least one circuit in each compartment and none twice")

    def get_compartments(self) -> dict[CompartmentOnLogicalNeuron, tuple[AtomicNeuronOnLogicalNeuron, ...]]:
        """Return the circuits of each compartment."""
        return dict(self._compartments)

    def __getitem__(self, compartment: int) -> tuple[AtomicNeuronOnLogicalNeuron, ...]:
        return self._compartments[CompartmentOnLogicalNeuron(compartment)]

    def __iter__(self) -> Iterator[CompartmentOnLogicalNeuron]:
        return iter(self._compartments)

    def __len__(self) -> int:
        return len(self._compartments)

    def __hash__(self) -> int:
        return hash(tuple(sorted(self._compartments.items())))

    def __repr__(self) -> str:
        return f"LogicalNeuronCompartments({ {int(c): [int(n) for n in ns] for c, ns in self.items()} })"


@checked
class LogicalNeuronOnDLS:
    """A logical neuron at its place: a shape and the circuit of its upper left corner, in either order.

    Args:
        compartments: The shape, also as circuits by compartment; None for one circuit.
        anchor: The circuit of its upper left corner.

    Raises:
        PlacementError: The shape reaches beyond the chip or across the border of columns 127 and 128.
    """

    def __init__(
        self,
        compartments: Circuits | AtomicNeuronOnDLS | None = None,
        anchor: int | Circuits | None = None,
    ) -> None:
        if isinstance(compartments, AtomicNeuronOnDLS) or isinstance(anchor, Mapping):
            compartments, anchor = anchor, compartments  # type: ignore[assignment]
        if isinstance(anchor, Mapping) or not (compartments is None or isinstance(compartments, Mapping)):
            raise PlacementError(
                f"logical neuron: got {compartments!r} and {anchor!r}, wanted a LogicalNeuronCompartments and a circuit"
            )
        shape = compartments if isinstance(compartments, LogicalNeuronCompartments) else None
        self.shape = shape or LogicalNeuronCompartments(compartments)
        self.anchor = AtomicNeuronOnDLS(0 if anchor is None else anchor)
        self._placed = {
            compartment: tuple(self._place(circuit) for circuit in circuits)
            for compartment, circuits in self.shape.items()
        }

    def _place(self, circuit: int) -> AtomicNeuronOnDLS:
        row, column = self.anchor // COLUMNS + circuit // HALF, self.anchor % COLUMNS + circuit % HALF
        if row > 1 or column // HALF != self.anchor % COLUMNS // HALF:
            raise PlacementError(
                f"logical neuron at {self.anchor!r}: circuit at column {column}, row {row} is not in the anchor's "
                "half, columns 0..127 or 128..255 of two rows"
            )
        return _circuit(row * COLUMNS + column)

    def get_placed_compartments(self) -> dict[CompartmentOnLogicalNeuron, tuple[AtomicNeuronOnDLS, ...]]:
        """Return the circuits of each compartment."""
        return dict(self._placed)

    def get_atomic_neurons(self) -> list[AtomicNeuronOnDLS]:
        """Return all circuits, compartment by compartment."""
        return [circuit for circuits in self._placed.values() for circuit in circuits]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LogicalNeuronOnDLS) and self._placed == other._placed

    def __hash__(self) -> int:
        return hash(tuple(sorted(self._placed.items())))

    def __repr__(self) -> str:
        return f"LogicalNeuronOnDLS({self.shape!r}, {self.anchor!r})"
