"""Everything that can be written to a chip, as named arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from bss2_emulator.errors import ConfigError
from bss2_emulator.facts.constants import COLUMNS, NO_FORWARD
from bss2_emulator.facts.coordinates import COLUMN, crossbar_reach
from bss2_emulator.facts.registers import Registers

_REACH = crossbar_reach()
_LAST_OF_BLOCK = COLUMN % (COLUMNS // 2) == COLUMNS // 2 - 1


@dataclass(frozen=True, eq=False)
class ChipConfig(Registers):
    """The registers of an emulated chip; see :class:`~bss2_emulator.facts.registers.Registers` for each.

    Raises:
        ConfigError: A value has the wrong shape, is no integer, is out of the register's range, or opens a crossbar
            node that the chip does not have.
    """

    error: ClassVar[type[ValueError]] = ConfigError

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_crossbar()
        self._check_joints()

    def replace(self, **registers: Any) -> ChipConfig:
        """Return a copy with the given registers changed; only those are checked, the others are shared."""
        new = super().replace(**registers)
        if not registers.keys().isdisjoint(("crossbar_mask", "crossbar_target")):
            new._check_crossbar()
        if not registers.keys().isdisjoint(("connect_right", "connect_soma_right")):
            new._check_joints()
        return new

    def _check_crossbar(self) -> None:
        drops = (self.crossbar_mask == NO_FORWARD[0]) & (self.crossbar_target == NO_FORWARD[1])
        wrong = np.argwhere(~drops & ~_REACH)
        if len(wrong):
            i, o = wrong[0]
            raise ConfigError(
                f"crossbar node ({i}, {o}): got mask {self.crossbar_mask[i, o]:#x}, target "
                f"{self.crossbar_target[i, o]:#x}; there is no such node, wanted mask 0 and target 0x3fff (drop all)"
            )

    def _check_joints(self) -> None:
        for name in ("connect_right", "connect_soma_right"):
            across = np.flatnonzero(getattr(self, name) & _LAST_OF_BLOCK)
            if len(across):
                raise ConfigError(
                    f"{name}: got it on circuit {across[0]}, wanted none there: circuits are not joined across the "
                    "borders at columns 127/128 and 255"
                )
