"""How much memory a run takes, at least, before it takes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from hxtorch.core.memory import require_memory

_NUMBER = 4  # bytes, of a float


def check_memory(shapes: Iterable[Sequence[int]], steps: Iterable[Any]) -> None:
    """Refuse a run whose currents, spikes and membranes do not fit into memory.

    Args:
        shapes: Of the network's inputs.
        steps: Calls of modules that will run.

    Raises:
        MemoryLimitError: They do not fit; says how many batch entries would.
    """
    time = batch = numbers = 0
    for shape in shapes:
        if len(shape) == 3 and (shape[0], shape[1]) > (time, batch):
            time, batch = shape[0], shape[1]
    for step in steps:
        numbers += step.module.numbers_per_step
    require_memory("run", time * numbers * _NUMBER, batch, "run smaller batches, or fewer steps")
