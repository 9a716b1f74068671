"""What of a neuron its readout shows."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from hxtorch.spiking.errors import ParameterError

__all__ = ["ReadoutSource"]


class ReadoutSource(IntEnum):
    """Node of a neuron that its readout amplifier, and so both ADCs, see; the value is the register's.

    Source:
        chip facts 3.3.
    """

    membrane = 0
    exc_synin = 1
    inh_synin = 2
    adaptation = 3

    # The same under the names of today's scripts.
    VOLTAGE = 0
    ADAPTATION = 3

    @classmethod
    def of(cls, value: ReadoutSource | IntEnum | str, what: str = "readout source") -> ReadoutSource:
        """Return the source that ``value`` names.

        Args:
            value: A source, here or of the chip's own software, or its name.
            what: Whose it is, for messages.

        Raises:
            ParameterError: There is no such source.
        """
        if isinstance(value, cls):
            return value
        if isinstance(value, IntEnum) and value in tuple(cls):
            return cls(value)
        if isinstance(value, str) and value in cls.__members__:
            return cls[value]
        raise ParameterError(f"{what}: got {value!r}, wanted one of {', '.join(cls.__members__)}")


def of_source(name: str) -> property:
    """Return a property for what an ADC samples, by a source or its name."""

    def read(self: Any) -> ReadoutSource:
        source: ReadoutSource = getattr(self, f"_{name}")
        return source

    def write(self: Any, value: ReadoutSource | str) -> None:
        setattr(self, f"_{name}", ReadoutSource.of(value, name))

    return property(read, write, doc="What the ADC samples; can be set between runs.")
