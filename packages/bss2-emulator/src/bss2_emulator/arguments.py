"""The door of this package; see :mod:`bss2_emulator.door`."""

from bss2_emulator.door import Door
from bss2_emulator.errors import ArgumentError, EmulatorError

checked = Door(EmulatorError, ArgumentError)
