"""Every register that a program writes to a chip, as named arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bss2_emulator.facts.constants import CAPMEM_MAX as CAPMEM_MAX
from bss2_emulator.facts.registers import Registers
from hxtorch.core.errors import ConfigurationError


@dataclass(frozen=True, eq=False)
class ChipConfiguration(Registers):
    """The registers of a chip; see :class:`bss2_emulator.facts.registers.Registers` for each.

    Frozen, and legal once constructed. Arrays are read-only and shared between configurations that agree in them, so
    two configurations hold equal values wherever they hold the same array.

    Raises:
        ConfigurationError: A value has the wrong shape, is not an integer, or is out of the register's range.
    """

    error: ClassVar[type[ValueError]] = ConfigurationError
