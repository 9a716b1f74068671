"""The door of this package; see :mod:`bss2_emulator.ground.door`. The frontends have their own of :class:`Door`."""

from bss2_emulator.ground.door import Door
from hxtorch.core.errors import ArgumentError, HXTorchError, MemoryLimitError

__all__ = ["Door", "checked"]

checked = Door(HXTorchError, ArgumentError, memory=MemoryLimitError)
