"""Synapses as lists of connections onto an excitatory or an inhibitory receptor, as the chip's software has them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np

from hxtorch.core.errors import RoutingError
from hxtorch.core.networks.network import PopulationDescriptor, Projection
from hxtorch.core.networks.weights import ListedSynapse


class ReceptorType(IntEnum):
    """Which way a receptor moves the membrane."""

    excitatory = 0
    inhibitory = 1


@dataclass(frozen=True)
class Receptor:
    """A synaptic input of a neuron.

    Attributes:
        id: Kept; a circuit has one input of each type.
        type: Which of the two it is.
    """

    id: int = 0
    type: ReceptorType = ReceptorType.excitatory

    ID = int
    Type = ReceptorType


@dataclass(frozen=True, eq=False)
class ConnectedProjection:
    """Synapses onto one receptor, which a builder turns into a :class:`Projection`.

    Attributes:
        receptor: What they end on.
        connections: What has ``index_pre``, ``index_post`` and ``weight``.
        pre, post: Source and target population.
    """

    receptor: Receptor
    connections: Iterable[Any]
    pre: PopulationDescriptor
    post: PopulationDescriptor

    def resolved(self, sources: int, targets: int) -> Projection:
        """Return the signed synapses between as many sources and targets.

        Raises:
            RoutingError: A connection is beyond them.
        """
        weights = np.zeros((sources, targets), np.int64)
        mask = np.zeros((sources, targets), np.bool_)
        sign = -1 if self.receptor.type == ReceptorType.inhibitory else 1
        for connection in self.connections:
            pre, post = _number(connection.index_pre), _number(connection.index_post)
            if not (0 <= pre < sources and 0 <= post < targets):
                raise RoutingError(f"connection: got {pre} to {post}, wanted one of {sources} to one of {targets}")
            weights[pre, post] += sign * int(connection.weight)
            mask[pre, post] = True
        return Projection(self.pre, self.post, weights, mask)


class ProjectionFace:
    """Makes projections of ``(pre, post, weights)``, or of ``(receptor, connections, pre, post)``."""

    Connection = ListedSynapse

    def __new__(cls, *arguments: Any, **named: Any) -> Any:
        """Return a :class:`Projection`, or a :class:`ConnectedProjection` for the builder."""
        receptor = arguments[0] if arguments else named.get("receptor")
        return (ConnectedProjection if isinstance(receptor, Receptor) else Projection)(*arguments, **named)


def _number(index: Any) -> int:
    return int(index[0] if isinstance(index, tuple) else index)
