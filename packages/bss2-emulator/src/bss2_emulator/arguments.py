"""The door of this package; see :mod:`bss2_emulator.ground.door`."""

from bss2_emulator.errors import ArgumentError, EmulatorError, MemoryLimitError
from bss2_emulator.ground.door import Door

checked = Door(EmulatorError, ArgumentError, memory=MemoryLimitError)
