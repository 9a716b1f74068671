"""What this package and the frontends may spend; see :mod:`bss2_emulator.ground.memory`."""

from bss2_emulator.ground.memory import SMALL, Budget
from hxtorch.core.errors import ArgumentError, MemoryLimitError

__all__ = ["SMALL", "memory_limit", "require_memory"]

_budget = Budget(MemoryLimitError, ArgumentError)
memory_limit, require_memory = _budget.memory_limit, _budget.require_memory
