"""How much memory a run takes, at least, before it takes it."""

from __future__ import annotations

from typing import Any

from hxtorch.core.memory import require_memory

_NUMBER = 4  # bytes, of a float


def check_memory(modules: Any, steps: Any) -> None:
    """Refuse a run whose currents, spikes and membranes do not fit into memory.

    Args:
        modules: What collected the network.
        steps: Calls of modules that will run.

    Raises:
        MemoryLimitError: They do not fit; says how many batch entries would.
    """
    shapes = [handle.observable_state.shape for handle in modules.input_data()]
    time, batch = max((shape[:2] for shape in shapes if len(shape) == 3), default=(0, 0))
    widths = [_width(step.module) for step in steps]
    require_memory("run", time * sum(widths) * _NUMBER, batch, "run smaller batches, or fewer steps")


def _width(module: Any) -> int:
    """Return how many numbers a module makes in one step: a current for each target, spikes and membranes."""
    size, targets = getattr(module, "size", None), getattr(module, "out_features", None)
    return 2 * size if isinstance(size, int) else targets if isinstance(targets, int) else 0
