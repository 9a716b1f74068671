"""What this package may spend; see :mod:`bss2_emulator.ground.memory`."""

from bss2_emulator.errors import ArgumentError, MemoryLimitError
from bss2_emulator.ground.memory import Budget

require_memory = Budget(MemoryLimitError, ArgumentError).require_memory
