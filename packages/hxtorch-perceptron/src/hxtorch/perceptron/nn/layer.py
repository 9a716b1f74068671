"""What all layers have in common."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from hxtorch.core import OperandRangeError, ProgramError, legal_integer


@contextmanager
def set_aside(state_dict: dict[str, Any], name: str) -> Iterator[Any]:
    """Take an entry that torch's loader does not know out of its dictionary meanwhile; yields it, or None."""
    stored = state_dict.pop(name, None)
    try:
        yield stored
    finally:
        if stored is not None:
            state_dict[name] = stored


def other_than_stored(name: str, stored: int, own: int) -> str:
    """Return why a checkpoint is refused that was written with another ``name`` than the layer has."""
    argument = name.rpartition(".")[2]
    return (
        f"{name}: got {stored} in the checkpoint and {argument}={own} for the layer, wanted the same; write "
        f"{argument}={stored}, or remove {name!r} from the checkpoint"
    )


_COUNTS = {"num_sends", "wait_between_events", "avg", "num_expansions"}
"""Attributes that count something, whenever they are set."""


class Layer(torch.nn.Module):
    """Layer that computes on the chip, or by the mock model.

    Attributes:
        mock: Compute without a chip; may be changed at any time.
    """

    def __init__(self, mock: bool = False, **layer: Any) -> None:
        """Build the layer; ``layer`` goes to the torch layer that stands beside this class among the bases."""
        self.mock = mock
        super().__init__(**layer)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _COUNTS:
            value = legal_integer(name, value, 1, 2**31 - 1)
        super().__setattr__(name, value)

    def extra_repr(self) -> str:
        """Describe torch's part of the layer and what differs from the defaults."""
        return ", ".join(part for part in (super().extra_repr(), *self._differences()) if part)

    def _differences(self) -> list[str]:
        """Name what is not default, as ``name=value``."""
        return ["mock=True"] if self.mock else []

    @contextmanager
    def _named_in_errors(self) -> Iterator[None]:
        """Let errors about operands begin with this layer."""
        try:
            yield
        except (OperandRangeError, ProgramError) as error:
            raise type(error)(f"{self}: {error}") from error
