"""Move values between two matrix products: patches of an image, flattened axes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hxtorch.core.arguments import checked
from hxtorch.core.errors import ProgramError

if TYPE_CHECKING:
    from hxtorch.core.sessions.session import Session


@checked
@dataclass(frozen=True, eq=False)
class Rearrangement:
    """Pick values into another shape: any type to the same type.

    Attributes:
        source: Shape of one entry; axes before it are a batch.
        index: Place in the flattened entry that each value comes from, integers of any shape; -1 gives zero.
    """

    source: tuple[int, ...]
    index: np.ndarray

    def __post_init__(self) -> None:
        index = np.array(self.index)
        size = math.prod(self.source)
        if any(length < 0 for length in self.source) or size >= 2**31:
            raise ProgramError(f"source: got shape {self.source}, wanted that of an array with less than 2**31 values")
        if index.dtype.kind not in "iu" or (index.size and not -1 <= int(index.min()) <= int(index.max()) < size):
            raise ProgramError(
                f"index: wanted integers from -1 to {size - 1}, places in an entry of shape {self.source}"
            )
        index = index.astype(np.int32)
        index.setflags(write=False)
        object.__setattr__(self, "source", tuple(int(length) for length in self.source))
        object.__setattr__(self, "index", index)

    @classmethod
    def of(cls, function: Callable[[np.ndarray], np.ndarray], source: tuple[int, ...]) -> Rearrangement:
        """Find out how ``function`` moves the values of an array of shape ``source``.

        Args:
            function: Takes a float64 array, moves its values, maybe several times or never, and adds nothing but zeros.
            source: Shape of its argument.
        """
        places = np.arange(1, math.prod(source) + 1, dtype=np.float64).reshape(source)
        return cls(source, function(places).astype(np.int64) - 1)

    def run(self, values: np.ndarray, session: Session | None = None) -> np.ndarray:
        """Return the picked values, (batch axes, shape of ``index``).

        Raises:
            ProgramError: An entry of ``values`` has another shape than ``source``.
        """
        axes = values.ndim - len(self.source)
        if axes < 0 or values.shape[axes:] != self.source:
            raise ProgramError(f"rearrangement: got values {values.shape}, wanted entries of shape {self.source}")
        entries = values.reshape(*values.shape[:axes], -1)
        if (self.index < 0).any():
            entries = np.concatenate([entries, np.zeros_like(entries, shape=(*values.shape[:axes], 1))], axis=-1)
        return np.asarray(entries[..., self.index])
