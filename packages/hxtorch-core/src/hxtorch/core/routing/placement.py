"""Give neurons of a model their circuits on the chip."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Integral
from typing import overload

import numpy as np

from bss2_emulator.facts.constants import COLUMNS, NEURONS
from hxtorch.core.arguments import checked
from hxtorch.core.errors import PlacementError
from hxtorch.core.vocabulary.coordinates import (
    HALF,
    AtomicNeuronOnDLS,
    LogicalNeuronCompartments,
    LogicalNeuronOnDLS,
)

NUM_CIRCUITS = NEURONS


@checked
class NeuronPlacement:
    """Logical neurons by the identifiers that a model gives them.

    Free circuits are taken in ascending order, or in the order of a permutation. Register neurons with a constraint
    before those without, which take whatever is free.
    """

    def __init__(self, permutation: Sequence[int] | None = None) -> None:
        """Place in the order of ``permutation``: distinct circuits ``n``, not necessarily all.

        Raises:
            PlacementError: A circuit does not exist or occurs twice.
        """
        self._order: Sequence[int] = range(NUM_CIRCUITS)
        if permutation is not None:
            self._order = [AtomicNeuronOnDLS(circuit) for circuit in permutation]
            if len(set(self._order)) != len(self._order):
                raise PlacementError("permutation: wanted distinct neurons")
        self._used: set[int] = set()
        self._placed: dict[int, LogicalNeuronOnDLS] = {}

    def register_id(
        self,
        neuron_id: int | Iterable[int],
        shape: LogicalNeuronCompartments | None = None,
        placement_constraint: LogicalNeuronOnDLS | int | Sequence[LogicalNeuronOnDLS | int] | None = None,
    ) -> None:
        """Place neurons; none of them is placed if not all can be.

        Args:
            neuron_id: Identifier or identifiers, new ones.
            shape: Circuits of each neuron, or None for one circuit.
            placement_constraint: Where to place each neuron: logical neurons, or circuits that are their anchors. None
                takes free places.

        Raises:
            PlacementError: An identifier is taken, a place is taken or outside the chip, or too few circuits are left.
        """
        ids = [int(neuron_id)] if isinstance(neuron_id, int | Integral) else [int(one) for one in neuron_id]
        shape = shape or LogicalNeuronCompartments()
        taken = [one for one in ids if one in self._placed]
        if taken or len(set(ids)) != len(ids):
            raise PlacementError(f"neuron identifiers: got {(taken or ids)[0]} twice, wanted new ones")
        used = set(self._used)
        places = self._free_places(len(ids), shape, used) if placement_constraint is None else []
        if placement_constraint is not None:
            places = self._constrained_places(ids, shape, placement_constraint, used)
        self._used = used
        self._placed.update(zip(ids, places, strict=True))

    @overload
    def id2logicalneuron(self, neuron_id: int) -> LogicalNeuronOnDLS: ...

    @overload
    def id2logicalneuron(self, neuron_id: Iterable[int] | None = None) -> list[LogicalNeuronOnDLS]: ...

    def id2logicalneuron(
        self, neuron_id: int | Iterable[int] | None = None
    ) -> LogicalNeuronOnDLS | list[LogicalNeuronOnDLS]:
        """Return where neurons are: one for an identifier, a list for several, all of them without any.

        Raises:
            PlacementError: An identifier was not registered.
        """
        if neuron_id is None:
            return list(self._placed.values())
        if not isinstance(neuron_id, int | Integral):
            return [self.id2logicalneuron(one) for one in neuron_id]
        if neuron_id not in self._placed:
            raise PlacementError(f"neuron identifiers: {neuron_id} was not registered")
        return self._placed[neuron_id]

    def id2circuits(self, neuron_id: Iterable[int]) -> np.ndarray:
        """Return the one circuit ``n`` of each neuron, int64 (neurons,).

        Raises:
            PlacementError: An identifier was not registered, or its neuron has several circuits.
        """
        circuits = [self.id2logicalneuron(one).get_atomic_neurons() for one in neuron_id]
        if any(len(one) != 1 for one in circuits):
            raise PlacementError("placement: got logical neurons of several circuits, wanted neurons of one circuit")
        return np.array([int(one[0]) for one in circuits], np.int64)

    def circuits_of(self, neuron_id: Iterable[int]) -> np.ndarray:
        """Return all circuits ``n`` of each neuron, that of the spikes first, int64 (neurons, circuits).

        Raises:
            PlacementError: An identifier was not registered, neurons have different numbers of circuits, or one has
                several compartments.
        """
        neurons = [self.id2logicalneuron(one) for one in neuron_id]
        if any(len(neuron.shape) != 1 for neuron in neurons):
            raise PlacementError("placement: got neurons of several compartments, wanted neurons of one compartment")
        circuits = [[int(circuit) for circuit in neuron.get_atomic_neurons()] for neuron in neurons]
        if len({len(one) for one in circuits}) > 1:
            raise PlacementError("placement: wanted neurons of as many circuits each; ask for one shape at a time")
        return np.array(circuits, np.int64).reshape(len(circuits), -1)

    def _free_places(self, count: int, shape: LogicalNeuronCompartments, used: set[int]) -> list[LogicalNeuronOnDLS]:
        places: list[LogicalNeuronOnDLS] = []
        offsets = [divmod(circuit, HALF) for circuits in shape.values() for circuit in circuits]
        for anchor in self._order if count else ():
            row, column = divmod(int(anchor), COLUMNS)
            end = column // HALF * HALF + HALF
            if any(row + down > 1 or column + right >= end for down, right in offsets):
                continue  # reaches beyond the chip from here
            circuits = [(row + down) * COLUMNS + column + right for down, right in offsets]
            if used.isdisjoint(circuits):
                used.update(circuits)
                places.append(LogicalNeuronOnDLS(shape, anchor))
                if len(places) == count:
                    return places
        if len(places) < count:
            size = len(LogicalNeuronOnDLS(shape).get_atomic_neurons())
            raise PlacementError(
                f"placement: got {count} neurons of {size} circuit(s), but {len(places)} fit: "
                f"{NUM_CIRCUITS - len(self._used)} of {NUM_CIRCUITS} circuits are left"
            )
        return places

    @staticmethod
    def _constrained_places(
        ids: Sequence[int],
        shape: LogicalNeuronCompartments,
        constraint: LogicalNeuronOnDLS | int | Sequence[LogicalNeuronOnDLS | int],
        used: set[int],
    ) -> list[LogicalNeuronOnDLS]:
        wanted = [constraint] if isinstance(constraint, LogicalNeuronOnDLS | int | Integral) else list(constraint)
        if len(wanted) != len(ids):
            raise PlacementError(f"placement_constraint: got {len(wanted)} places for {len(ids)} neurons")
        places = []
        for one in wanted:
            place = one if isinstance(one, LogicalNeuronOnDLS) else LogicalNeuronOnDLS(shape, one)
            if place.shape != shape:
                raise PlacementError(f"placement_constraint: got {place!r}, wanted the shape {shape!r}")
            circuits = place.get_atomic_neurons()
            if not used.isdisjoint(circuits):
                raise PlacementError(f"placement_constraint: {place!r} is taken already")
            used.update(circuits)
            places.append(place)
        return places
