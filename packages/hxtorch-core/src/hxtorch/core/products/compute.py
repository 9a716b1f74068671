"""Operations on the chip's integers: matrix products on its analog part, the rest on the host.

They hold no chip, so they can be made before one is connected, and chained by :class:`Sequence`.

Source: chip facts 2.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from hxtorch.core import constants
from hxtorch.core.arguments import checked
from hxtorch.core.errors import ProgramError
from hxtorch.core.seam.integers import legal_integer
from hxtorch.core.seam.programs import legal_operand, legal_weights, product_of
from hxtorch.core.seam.results import MatrixResult
from hxtorch.core.sessions.session import Session, current_session

__all__ = ["MAC", "Addition", "ArgMax", "ConvertingReLU", "Operation", "ReLU", "Sequence"]


class Operation(Protocol):
    """Something with one input and one output."""

    def run(self, values: np.ndarray, session: Session | None = None) -> np.ndarray:
        """Return the result for ``values``, on the chip of ``session`` or of the current one if it needs one."""
        ...


@checked
@dataclass(frozen=True, eq=False)
class MAC:
    """Multiply activations with a signed matrix on the chip.

    Attributes:
        weights: int8 (rows, columns), -63..63.
        num_sends: How often the activations are sent, at least 1.
        wait_between_events: Cycles between events, at least 1.
        madc_column: Column whose membrane the MADC records, or None.
    """

    weights: np.ndarray
    num_sends: int = constants.default_num_sends
    wait_between_events: int = constants.default_wait_between_events
    madc_column: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", legal_weights(self.weights))
        if self.weights.ndim != 2 or 0 in self.weights.shape:
            raise ProgramError(f"weights: got shape {self.weights.shape}, wanted (rows, columns)")
        for name in ("num_sends", "wait_between_events"):
            legal_integer(name, getattr(self, name), 1)

    def run(self, values: np.ndarray, session: Session | None = None) -> np.ndarray:
        """Multiply.

        Args:
            values: Activations, integers 0..31 (..., rows).
            session: Where to run, or None for the current session.

        Returns:
            int8 (..., columns).

        Raises:
            NoConnectionError: No chip is connected.
            OperandRangeError: An activation is beyond 0..31.
            ProgramError: The number of rows differs.
        """
        activations = np.asarray(values)
        result = self.execute(activations.reshape(-1, activations.shape[-1] if activations.ndim else 1), session)
        products: np.ndarray = result.values.reshape(*activations.shape[:-1], self.weights.shape[1])
        return products

    def execute(
        self,
        activations: np.ndarray,
        session: Session | None = None,
        patches: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> MatrixResult:
        """Multiply a batch and return all that came up, the MADC samples among it.

        Args:
            activations: Shape (batch, rows), or with ``patches`` (images, values).
            session: As for :meth:`run`.
            patches: Where the rows of each patch lie, see :class:`~hxtorch.core.MatrixProgram`; or None.
        """
        session = session or current_session()
        program = product_of(
            configuration=session.matrix_configuration,
            weights=self.weights,
            activations=activations,
            num_sends=self.num_sends,
            wait_between_events=self.wait_between_events,
            madc_column=self.madc_column,
            patches=patches,
        )
        return session.run_matrix(program)


@dataclass(frozen=True)
class ReLU:
    """Replace negative values by 0: int8 to int8, any shape."""

    def run(self, values: np.ndarray, session: Session | None = None) -> np.ndarray:
        """Return ``max(values, 0)``."""
        rectified: np.ndarray = np.maximum(_outputs(values), np.int8(0))
        return rectified


@dataclass(frozen=True)
class ConvertingReLU:
    """Turn results of a layer into activations of the next: int8 to uint8 0..31, any shape.

    Attributes:
        shift: Bits to shift to the right after the rectification, 0 to 7.
    """

    shift: int = 2

    def __post_init__(self) -> None:
        legal_integer("shift", self.shift, 0, 7)

    def run(self, values: np.ndarray, session: Session | None = None) -> np.ndarray:
        """Return ``min(max(values, 0) >> shift, 31)``."""
        shifted = np.maximum(_outputs(values), np.int8(0)) >> np.int8(self.shift)
        activations: np.ndarray = np.minimum(shifted, np.int8(constants.input_activation_max))
        return activations.astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Addition:
    """Add a constant and saturate: int8 to int8.

    Attributes:
        other: int8, of a shape that broadcasts with the values.
    """

    other: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "other", _outputs(self.other))

    def run(self, values: np.ndarray, session: Session | None = None) -> np.ndarray:
        """Return ``clip(values + other, -128, 127)``.

        Raises:
            ProgramError: The shapes do not broadcast.
        """
        outputs = _outputs(values)
        try:
            total = np.add(outputs, self.other, dtype=np.int16)
        except ValueError:
            raise ProgramError(
                f"addition: got values {outputs.shape}, wanted a shape that broadcasts with {self.other.shape}"
            ) from None
        saturated: np.ndarray = np.clip(total, constants.output_activation_min, constants.output_activation_max)
        return saturated.astype(np.int8)


@dataclass(frozen=True)
class ArgMax:
    """Find the first largest value along the last axis: int8 (..., columns) to int64 (...)."""

    def run(self, values: np.ndarray, session: Session | None = None) -> np.ndarray:
        """Return the index of the first maximum.

        Raises:
            ProgramError: There is nothing along the last axis.
        """
        outputs = _outputs(values)
        if not outputs.ndim or not outputs.shape[-1]:
            raise ProgramError(f"argmax: got values {outputs.shape}, wanted at least one along the last axis")
        return np.asarray(outputs.argmax(-1), np.int64)


@checked
@dataclass(frozen=True)
class Sequence:
    """Operations one after the other.

    Attributes:
        operations: First one first.
    """

    operations: tuple[Operation, ...]

    def run(self, values: np.ndarray, session: Session | None = None) -> np.ndarray:
        """Return the result of the last operation."""
        for operation in self.operations:
            values = operation.run(values, session)
        return values


def _outputs(values: np.ndarray) -> np.ndarray:
    return legal_operand("values", values, constants.output_activation_min, constants.output_activation_max, np.int8)
