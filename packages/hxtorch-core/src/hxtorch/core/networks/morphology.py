"""Join circuits to neurons of one compartment: which switches to close.

Circuits side by side are joined directly, circuits above each other by the vertical switch. Circuits of one row with
others between them are joined along the somatic line of that row, whose segments they then have for themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from bss2_emulator.facts.constants import COLUMNS
from hxtorch.core.arguments import checked
from hxtorch.core.errors import PlacementError
from hxtorch.core.vocabulary.coordinates import HALF as HALF
from hxtorch.core.vocabulary.coordinates import Circuits, LogicalNeuronCompartments, LogicalNeuronOnDLS

if TYPE_CHECKING:
    from hxtorch.core.vocabulary.chip import NeuronBlock

SWITCHES = ("connect_right", "connect_vertical", "connect_soma", "connect_soma_right")

_Place = tuple[int, int]  # row, column


@checked
class LogicalNeuron(LogicalNeuronCompartments):
    """Shape of a logical neuron together with the registers that make its circuits one neuron.

    Args:
        compartments: Circuits by compartment, relative to an anchor; None for one circuit.
        registers: By circuit, relative to the anchor: codes by the names of
            :class:`~hxtorch.core.seam.configuration.ChipConfiguration`, beside the switches that join the circuits of
            each compartment.

    Raises:
        PlacementError: The circuits of a compartment cannot be joined.
    """

    def __init__(
        self,
        compartments: Circuits | None = None,
        registers: Mapping[Any, Mapping[str, int]] | None = None,
    ) -> None:
        super().__init__(compartments)
        codes: dict[int, dict[str, int]] = {}
        for compartment, circuits in self.items():
            anchored = LogicalNeuronOnDLS(LogicalNeuronCompartments({0: circuits})).get_atomic_neurons()
            closed = wiring(np.array([anchored], np.int64), f"compartment {int(compartment)}")
            for circuit, placed in zip(circuits, anchored, strict=True):
                codes[circuit] = {switch: int(placed in closed[switch]) for switch in SWITCHES}
        for given, more in (registers or {}).items():
            codes[given] = {**codes[given], **more}
        self.registers: Mapping[int, Mapping[str, int]] = codes

    def write(self, coord: LogicalNeuronOnDLS, neuron_block: NeuronBlock) -> None:
        """Write the registers of all circuits of a neuron of this shape that has a place."""
        circuits = [circuit for circuits in self.values() for circuit in circuits]
        for circuit, placed in zip(circuits, coord.get_atomic_neurons(), strict=True):
            for register, code in self.registers[circuit].items():
                getattr(neuron_block.chip, register)[placed] = code

    def __eq__(self, other: object) -> bool:
        if isinstance(other, LogicalNeuron):
            return dict(self) == dict(other) and self.registers == other.registers
        return super().__eq__(other)

    def __hash__(self) -> int:
        return super().__hash__()


def wiring(circuits: np.ndarray, what: str) -> dict[str, np.ndarray]:
    """Return the switches that join the circuits of each neuron.

    Args:
        circuits: Circuits ``n`` of each neuron, int64 (neurons, circuits), distinct.
        what: Whose they are, for messages.

    Returns:
        By register: circuits whose switch is closed, int64; and as ``line`` the circuits whose segments of the somatic
        line are taken.

    Raises:
        PlacementError: Circuits of a neuron lie in both halves of the chip, or cannot be joined; or two neurons need
            one segment of the somatic line.

    Source: chip facts 1.2.
    """
    closed: dict[str, list[np.ndarray]] = {name: [np.empty(0, np.int64)] for name in (*SWITCHES, "line")}
    if circuits.shape[1] > 1:
        columns = circuits % COLUMNS
        left = columns.min(1)
        if (columns.max(1) // HALF != left // HALF).any():
            neuron = circuits[np.argmax(columns.max(1) // HALF != left // HALF)]
            raise PlacementError(
                f"{what}: a neuron has circuits {neuron.tolist()}, wanted all in columns 0..127 or all in 128..255"
            )
        shapes = np.stack([circuits // COLUMNS, columns - left[:, np.newaxis]], axis=2)
        kinds, kind_of = np.unique(shapes, axis=0, return_inverse=True)
        for kind, shape in enumerate(kinds):
            try:
                joints = _joints(tuple((int(row), int(column)) for row, column in shape))
            except PlacementError as error:
                raise PlacementError(f"{what}: {error}") from None
            starts = left[kind_of.reshape(-1) == kind]
            for name, places in joints.items():
                closed[name] += [COLUMNS * row + column + starts for row, column in places]
    joined = {name: np.concatenate(parts) for name, parts in closed.items()}
    check_lines([(what, joined["line"])])
    return joined


def check_lines(lines: list[tuple[str, np.ndarray]]) -> None:
    """Refuse segments of the somatic line that two neurons need.

    Args:
        lines: Name of a population and the segments of its neurons, int64; a segment occurs once for each neuron.

    Raises:
        PlacementError: A segment occurs twice.
    """
    segments = np.concatenate([segments for _, segments in lines])
    taken, count = np.unique(segments, return_counts=True)
    if (count > 1).any():
        segment = taken[count > 1][0]
        users = sorted({name for name, segments in lines if segment in segments})
        raise PlacementError(
            f"{' and '.join(users)}: two neurons of circuits with gaps between them need the somatic line at circuit "
            f"{segment}; place one of them elsewhere"
        )


@lru_cache(maxsize=256)
def _joints(shape: tuple[_Place, ...]) -> dict[str, tuple[_Place, ...]]:
    """Choose the switches of one neuron; columns count from its leftmost one."""
    circuits = set(shape)
    group = {circuit: circuit for circuit in circuits}

    def root(circuit: _Place) -> _Place:
        while group[circuit] != circuit:
            circuit = group[circuit]
        return circuit

    closed: dict[str, set[_Place]] = {name: set() for name in (*SWITCHES, "line")}
    for row, column in sorted(circuits):
        if (row, column + 1) in circuits:
            closed["connect_right"].add((row, column))
            group[root((row, column + 1))] = root((row, column))
        if row == 0 and (1, column) in circuits:
            closed["connect_vertical"] |= {(0, column), (1, column)}
            group[root((1, column))] = root((0, column))
    gaps = []
    for row in (0, 1):
        columns = sorted(column for one, column in circuits if one == row)
        gaps += [(right - left, row, left, right) for left, right in pairwise(columns)]
    for _, row, left, right in sorted(gaps):
        if root((row, left)) != root((row, right)):
            group[root((row, right))] = root((row, left))
            closed["connect_soma"] |= {(row, left), (row, right)}
            closed["connect_soma_right"] |= {(row, column) for column in range(left, right)}
            closed["line"] |= {(row, column) for column in range(left, right + 1)}
    if len({root(circuit) for circuit in circuits}) > 1:
        places = ", ".join(f"column {column} of row {row}" for row, column in sorted(circuits))
        raise PlacementError(
            f"no switches join the circuits at {places} (from the leftmost); wanted neighbours, circuits above each "
            "other, or circuits of one row"
        )
    return {name: tuple(sorted(places)) for name, places in closed.items()}
